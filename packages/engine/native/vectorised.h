// How loops are compiled for several instruction sets, and the vector arithmetic that the kernels share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

// Loops are compiled for several processors, and the one that is there is chosen when the library is loaded. What they call is
// inlined, so that it is compiled for the same.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif
// Vectors are handed over between inlined functions alone.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif
#define INLINED inline __attribute__((always_inline))

namespace cxr {

/** Entries of a vector; compilers split it into as many registers as it takes. */
constexpr int wide = 16;
typedef float Vector __attribute__((vector_size(wide * sizeof(float))));

/** Sums f(entry) over `count` entries in four independent vectors, so that no addition waits for the one before it. */
template <typename F>
INLINED float summed(const float* x, int64_t count, F f) {
  Vector sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * wide <= count; i += 4 * wide)
    for (int j = 0; j < 4; j++) {
      Vector part;
      std::memcpy(&part, x + i + j * wide, sizeof part);
      sums[j] += f(part);
    }
  const Vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float total = 0;
  for (int j = 0; j < wide; j++) total += all[j];
  for (; i < count; i++) total += f(x[i]);
  return total;
}

VECTORISED static float sumOf(const float* x, int64_t count) {
  return summed(x, count, [](auto part) __attribute__((always_inline)) { return part; });
}

VECTORISED static float squaresAround(const float* x, float mean, int64_t count) {
  return summed(x, count, [mean](auto part) __attribute__((always_inline)) { return (part - mean) * (part - mean); });
}

/** to[i] += factor · x[i]. */
INLINED void addScaled(float* __restrict to, float factor, const float* __restrict x, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] += factor * x[i];
}

VECTORISED static void addTo(float* sum, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] += x[i];
}

/** exp(x) for x ≤ 0 (1 above it) to a unit or two in the last place, without a branch (a polynomial after Cody and Waite's reduction). */
INLINED float exponential(float x) {
  x = std::min(std::max(x, -87.0f), 0.0f);
  const float count = std::nearbyint(x * 1.44269504f);
  const float r = (x - count * 0.693359375f) - count * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const int32_t bits = (static_cast<int32_t>(count) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}

}  // namespace cxr
