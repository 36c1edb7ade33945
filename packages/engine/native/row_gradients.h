// Gradients that are summed over rows, such as that of a bias.
#pragma once

#include <functional>
#include <vector>

#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {

/** Rows of one chunk: fixed, so that sums do not depend on the number of threads. */
constexpr int64_t rowsPerChunk = 64;

/** Runs `work(row, sums)` for each row, with `width` sums for each chunk of rows, and adds those up in order into `total`. */
inline void sumOverRows(int64_t rows, int64_t width, float* total, const std::function<void(int64_t row, float* sums)>& work) {
  const int64_t chunks = (rows + rowsPerChunk - 1) / rowsPerChunk;
  std::vector<float> sums(chunks * width, 0.0f);
  parallelFor(chunks, static_cast<double>(rowsPerChunk * width) * 0.5, [&](int64_t chunk) {
    for (int64_t row = chunk * rowsPerChunk; row < std::min(rows, (chunk + 1) * rowsPerChunk); row++)
      work(row, sums.data() + chunk * width);
  });
  std::fill_n(total, width, 0.0f);
  for (int64_t chunk = 0; chunk < chunks; chunk++) addTo(total, sums.data() + chunk * width, width);
}

}  // namespace cxr
