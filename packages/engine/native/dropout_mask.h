// Dropout masks as packages/random draws them, bit for bit: Philox 4x32-10, sixteen bits an entry.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "vectorised.h"

namespace cxr {

/** Entries of a dropout mask that one block of Philox decides: sixteen bits each. */
constexpr int64_t perBlock = 8;
/** Blocks that are computed side by side, and the entries that they decide. */
constexpr int lanes = 32;
constexpr int64_t perLanes = lanes * perBlock;

/** The sixteen-bit numbers of `lanes` blocks of Philox 4x32-10, in their order. @param key seed, purpose, step, epoch. */
INLINED void drawLanes(const int32_t* key, int64_t block, uint16_t* numbers) {
  uint32_t x0[lanes], x1[lanes], x2[lanes], x3[lanes];
  for (int i = 0; i < lanes; i++) {
    x0[i] = static_cast<uint32_t>(block) + static_cast<uint32_t>(i);
    // The lower word passes its limit between groups of lanes alone, for their number divides it.
    x1[i] = static_cast<uint32_t>(static_cast<uint64_t>(block) >> 32);
    x2[i] = static_cast<uint32_t>(key[2]);
    x3[i] = static_cast<uint32_t>(key[3]);
  }
  uint32_t k0 = static_cast<uint32_t>(key[0]), k1 = static_cast<uint32_t>(key[1]);
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < lanes; i++) {
      const uint64_t first = static_cast<uint64_t>(0xd2511f53u) * x0[i];
      const uint64_t second = static_cast<uint64_t>(0xcd9e8d57u) * x2[i];
      x0[i] = static_cast<uint32_t>(second >> 32) ^ x1[i] ^ k0;
      x1[i] = static_cast<uint32_t>(second);
      x2[i] = static_cast<uint32_t>(first >> 32) ^ x3[i] ^ k1;
      x3[i] = static_cast<uint32_t>(first);
    }
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  uint32_t words[4 * lanes];
  for (int i = 0; i < lanes; i++) {
    words[4 * i] = x0[i];
    words[4 * i + 1] = x1[i];
    words[4 * i + 2] = x2[i];
    words[4 * i + 3] = x3[i];
  }
  // The lower half of a word comes first.
  for (int i = 0; i < 4 * lanes; i++) {
    numbers[2 * i] = static_cast<uint16_t>(words[i]);
    numbers[2 * i + 1] = static_cast<uint16_t>(words[i] >> 16);
  }
}

/** A dropout mask as packages/random draws it: 0 where the number of an entry is below the limit, else 1 / (1 − rate). */
struct Mask {
  const int32_t* key;
  uint32_t limit;
  float keep;
  Mask(const int32_t* words, float rate)
      : key(words),
        limit(static_cast<uint32_t>(std::floor(static_cast<double>(rate) * 65536 + 0.5))),
        keep(static_cast<float>(1 / (1 - static_cast<double>(rate)))) {}
};

/** The entries [begin, end) of a mask. */
INLINED void fillMask(const Mask& mask, int64_t begin, int64_t end, float* to) {
  uint16_t numbers[perLanes];
  const uint32_t limit = mask.limit;
  const float keep = mask.keep;
  for (int64_t start = begin / perLanes * perLanes; start < end; start += perLanes) {
    drawLanes(mask.key, start / perBlock, numbers);
    const int64_t from = std::max(begin, start), last = std::min(end, start + perLanes);
    for (int64_t i = from; i < last; i++) to[i - begin] = static_cast<float>(numbers[i - start] >= limit) * keep;
  }
}

}  // namespace cxr
