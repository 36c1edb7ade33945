// The hidden layer of a feed-forward network: bias, relu and dropout in one pass, forwards and backwards.
#include <algorithm>
#include <cstdint>

#include "dropout_mask.h"
#include "kernel.h"
#include "row_gradients.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrBiasReluDropout: y = relu(product + bias) · mask; product [rows, width].

VECTORISED void biasReluDropoutRow(const Mask& mask, const float* __restrict product, const float* __restrict bias, float* __restrict y,
                                   int64_t begin, int64_t width) {
  float drawn[perLanes];
  for (int64_t start = 0; start < width; start += perLanes) {
    const int64_t count = std::min(perLanes, width - start);
    if (mask.limit > 0) fillMask(mask, begin + start, begin + start + count, drawn);
    for (int64_t i = 0; i < count; i++) y[start + i] = std::max(product[start + i] + bias[start + i], 0.0f);
    if (mask.limit > 0)
      for (int64_t i = 0; i < count; i++) y[start + i] *= drawn[i];
  }
}

void biasReluDropout(const Attributes& attributes, Call& call) {
  const Tensor product = call.input(0), bias = call.input(1), maskKey = call.input(2);
  const int64_t width = bias.size(), rows = width == 0 ? 0 : product.size() / width;
  if (!call.expect(product.dim(-1) == width && maskKey.size() == 4, "CxrBiasReluDropout: expected a bias as wide as the product")) return;
  const Tensor y = call.output(0, product.shape());
  const Mask mask(maskKey.words(), attributes.rate);
  parallelRows(rows, width, 1.2, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      biasReluDropoutRow(mask, product.data() + row * width, bias.data(), y.data() + row * width, row * width, width);
  });
}

// CxrBiasReluDropoutGrad: y > 0 exactly where relu passed and dropout kept an entry.

VECTORISED void biasReluDropoutRowGrad(const float* __restrict dy, const float* __restrict y, float keep, float* __restrict dproduct,
                                       float* __restrict sums, int64_t width) {
  for (int64_t i = 0; i < width; i++) {
    dproduct[i] = y[i] > 0 ? dy[i] * keep : 0.0f;
    sums[i] += dproduct[i];
  }
}

void biasReluDropoutGrad(const Attributes& attributes, Call& call) {
  const Tensor dy = call.input(0), y = call.input(1);
  const int64_t width = y.dim(-1), rows = width == 0 ? 0 : y.size() / width;
  if (!call.expect(dy.size() == y.size(), "CxrBiasReluDropoutGrad: expected inputs of matching sizes")) return;
  const Tensor dproduct = call.output(0, y.shape()), dbias = call.output(1, {width});
  const float keep = static_cast<float>(1 / (1 - static_cast<double>(attributes.rate)));
  sumOverRows(rows, width, dbias.data(), [&](int64_t row, float* sums) {
    biasReluDropoutRowGrad(dy.data() + row * width, y.data() + row * width, keep, dproduct.data() + row * width, sums, width);
  });
}

[[maybe_unused]] const bool registered =
    registerOp("CxrBiasReluDropout", {"rate: float"}, {"product: float", "bias: float", "mask_key: int32"}, {"y: float"},
               runKernel<biasReluDropout>) &&
    registerOp("CxrBiasReluDropoutGrad", {"rate: float"}, {"dy: float", "y: float"}, {"dproduct: float", "dbias: float"},
               runKernel<biasReluDropoutGrad>);

}  // namespace
}  // namespace cxr
