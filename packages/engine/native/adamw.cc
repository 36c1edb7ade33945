// AdamW of all variables in one call and in place, with global norm clipping.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernel.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrAdamW: numbers [maxGradientNorm (0: none), beta1, beta2, eps, 1 / (1 − beta1^step), 1 / √(1 − beta2^step)], the learning rate
// and the weight decay of each variable, and its weight, first moment, second moment and gradient → the global gradient norm; where
// that is not finite, nothing is written to.

/** What one step has for all entries of a variable. */
struct Settings {
  float clip, beta1, beta2, eps, rate, decay, root;
};

VECTORISED void adamW(const Settings& with, float* __restrict weight, float* __restrict first, float* __restrict second,
                      const float* __restrict gradient, int64_t count) {
  const float clip = with.clip, beta1 = with.beta1, beta2 = with.beta2, weight1 = 1 - beta1, weight2 = 1 - beta2;
  const float eps = with.eps, rate = with.rate, decay = with.decay, root = with.root;
  for (int64_t i = 0; i < count; i++) {
    const float clipped = gradient[i] * clip;
    const float m = first[i] * beta1 + clipped * weight1;
    const float v = second[i] * beta2 + clipped * clipped * weight2;
    first[i] = m;
    second[i] = v;
    weight[i] -= weight[i] * decay + rate * m / (std::sqrt(v) * root + eps);
  }
}

void adamWAll(const Attributes&, Call& call) {
  const Tensor numbers = call.input(0), rates = call.input(1), decays = call.input(2);
  const int64_t variables = rates.size();
  if (!call.expect(numbers.size() == 6 && decays.size() == variables && call.inputs() == 3 + 4 * variables,
                   "CxrAdamW: expected six numbers, and a rate, a decay and four tensors of each variable"))
    return;
  std::vector<Tensor> tensors;
  tensors.reserve(4 * variables);
  for (int64_t i = 0; i < 4 * variables; i++) tensors.push_back(call.input(static_cast<int>(3 + i)));
  struct Chunk {
    int64_t variable, begin, end;
  };
  std::vector<Chunk> chunks;
  for (int64_t i = 0; i < variables; i++) {
    const int64_t size = tensors[4 * i].size();
    for (int64_t j = 1; j < 4; j++)
      if (!call.expect(tensors[4 * i + j].size() == size, "CxrAdamW: expected four tensors of one size")) return;
    for (int64_t at = 0; at < size; at += chunkSize) chunks.push_back({i, at, std::min(size, at + chunkSize)});
  }
  const int64_t count = static_cast<int64_t>(chunks.size());
  std::vector<double> squares(count);
  const double entries = static_cast<double>(chunkSize);
  parallelFor(count, 0.3 * entries, [&](int64_t i) {
    const Chunk& chunk = chunks[i];
    squares[i] = squaresAround(tensors[4 * chunk.variable + 3].data() + chunk.begin, 0, chunk.end - chunk.begin);
  });
  double total = 0;
  for (double one : squares) total += one;
  const float* number = numbers.data();
  const double globalNorm = std::sqrt(total), most = number[0];
  const Tensor norm = call.output(0, {});
  norm.data()[0] = static_cast<float>(globalNorm);
  // A step whose gradients are not finite changes nothing.
  if (!std::isfinite(norm.data()[0])) return;
  const float clip = static_cast<float>(most > 0 ? std::min(1.0, most / (globalNorm + 1e-6)) : 1.0);
  parallelFor(count, entries, [&](int64_t i) {
    const Chunk& chunk = chunks[i];
    const auto at = [&](int64_t which) { return tensors[4 * chunk.variable + which].data() + chunk.begin; };
    const Settings settings{clip,     number[1], number[2], number[3], rates.data()[chunk.variable] * number[4],
                        decays.data()[chunk.variable] * rates.data()[chunk.variable], number[5]};
    adamW(settings, at(0), at(1), at(2), at(3), chunk.end - chunk.begin);
  });
}

[[maybe_unused]] const bool registered =
    registerOp("CxrAdamW", {"count: int >= 0"}, {"numbers: float", "rates: float", "decays: float", "tensors: count * float"},
               {"norm: float"}, runKernel<adamWAll>);

}  // namespace
}  // namespace cxr
