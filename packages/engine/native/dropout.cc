// Dropout with the residual that is added to it, in one pass.
#include <algorithm>
#include <cstdint>

#include "dropout_mask.h"
#include "kernel.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrDropout: y = x · mask + residual; mask_key is [seed, purpose, step, epoch].

VECTORISED void dropoutRange(const Mask& mask, const float* __restrict x, const float* __restrict residual, float* __restrict y,
                             int64_t begin, int64_t end) {
  float drawn[perLanes];
  for (int64_t start = begin; start < end; start += perLanes) {
    const int64_t count = std::min(perLanes, end - start);
    fillMask(mask, start, start + count, drawn);
    if (residual)
      for (int64_t i = 0; i < count; i++) y[start + i] = x[start + i] * drawn[i] + residual[start + i];
    else
      for (int64_t i = 0; i < count; i++) y[start + i] = x[start + i] * drawn[i];
  }
}

void dropout(const Attributes& attributes, Call& call) {
  const Tensor x = call.input(0), maskKey = call.input(1);
  if (!call.expect(maskKey.size() == 4, "CxrDropout: expected a mask key of four words")) return;
  const bool adds = call.inputs() > 2;
  const Tensor residual = call.input(adds ? 2 : 0);
  if (!call.expect(residual.size() == x.size(), "CxrDropout: expected a residual of as many entries as x")) return;
  const Tensor y = call.output(0, x.shape());
  const Mask mask(maskKey.words(), attributes.rate);
  parallelRows((x.size() + perLanes - 1) / perLanes, perLanes, 1, [&](int64_t begin, int64_t end) {
    dropoutRange(mask, x.data(), adds ? residual.data() : nullptr, y.data(), begin * perLanes, std::min(x.size(), end * perLanes));
  });
}

[[maybe_unused]] const bool registered =
    registerOp("CxrDropout", {"rate: float", "residuals: int >= 0"}, {"x: float", "mask_key: int32", "residual: residuals * float"},
               {"y: float"}, runKernel<dropout>);

}  // namespace
}  // namespace cxr
