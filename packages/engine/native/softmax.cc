// Softmax over the last axis. TensorFlow has two implementations, one for single operations and one for functions, which differ in
// the last bit; a captured step needs one.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernel.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

VECTORISED void softmaxRow(const float* __restrict x, float* __restrict y, int64_t count) {
  float most = -INFINITY;
  for (int64_t i = 0; i < count; i++) most = std::max(most, x[i]);
  for (int64_t i = 0; i < count; i++) {
    const float below = x[i] - most;
    y[i] = below < -87.0f ? 0.0f : exponential(below);
  }
  const float sum = summed(y, count, [](auto part) __attribute__((always_inline)) { return part; });
  for (int64_t i = 0; i < count; i++) y[i] /= sum;
}

void softmax(const Attributes&, Call& call) {
  const Tensor x = call.input(0);
  if (!call.expect(x.rank() > 0, "CxrSoftmax: expected a tensor of one axis or more")) return;
  const int64_t width = x.dim(-1), rows = width == 0 ? 0 : x.size() / width;
  const Tensor y = call.output(0, x.shape());
  parallelRows(rows, width, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) softmaxRow(x.data() + row * width, y.data() + row * width, width);
  });
}

[[maybe_unused]] const bool registered = registerOp("CxrSoftmax", {}, {"x: float"}, {"y: float"}, runKernel<softmax>);

}  // namespace
}  // namespace cxr
