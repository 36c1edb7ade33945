// Layer normalisation over the last axis, forwards and backwards.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernel.h"
#include "row_gradients.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrLayerNorm: y = (x − mean) / sqrt(variance + eps) · gamma + beta; statistics [rows, 2] are mean and 1 / sqrt(variance + eps).

VECTORISED void normalizeRow(const float* x, float mean, float inverse, const float* gamma, const float* beta, float* y,
                              int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = (x[i] - mean) * inverse * gamma[i] + beta[i];
}

void layerNorm(const Attributes& attributes, Call& call) {
  const float eps = attributes.eps;
  const Tensor x = call.input(0), gamma = call.input(1), beta = call.input(2);
  const int64_t dim = x.dim(-1);
  if (!call.expect(gamma.size() == dim && beta.size() == dim, "CxrLayerNorm: expected gamma and beta as wide as x")) return;
  const int64_t rows = dim == 0 ? 0 : x.size() / dim;
  const Tensor y = call.output(0, x.shape()), statistics = call.output(1, {rows, 2});
  parallelRows(rows, dim, 0.5, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = x.data() + row * dim;
      const float mean = sumOf(from, dim) / static_cast<float>(dim);
      const float variance = squaresAround(from, mean, dim) / static_cast<float>(dim);
      const float inverse = 1 / std::sqrt(variance + eps);
      statistics.data()[2 * row] = mean;
      statistics.data()[2 * row + 1] = inverse;
      normalizeRow(from, mean, inverse, gamma.data(), beta.data(), y.data() + row * dim, dim);
    }
  });
}

// CxrLayerNormGrad: gradients of x, gamma and beta.

VECTORISED void layerNormRowGrad(const float* __restrict dy, const float* __restrict x, float mean, float inverse,
                                 const float* __restrict gamma, float* __restrict dx, float* __restrict dgamma,
                                 float* __restrict dbeta, int64_t dim) {
  float sums[wide] = {}, products[wide] = {};
  int64_t i = 0;
  for (; i + wide <= dim; i += wide)
    for (int j = 0; j < wide; j++) {
      const float unit = (x[i + j] - mean) * inverse, of = dy[i + j] * gamma[i + j];
      sums[j] += of;
      products[j] += of * unit;
      dgamma[i + j] += dy[i + j] * unit;
      dbeta[i + j] += dy[i + j];
    }
  float sum = 0, product = 0;
  for (int j = 0; j < wide; j++) sum += sums[j], product += products[j];
  for (; i < dim; i++) {
    const float unit = (x[i] - mean) * inverse, of = dy[i] * gamma[i];
    sum += of;
    product += of * unit;
    dgamma[i] += dy[i] * unit;
    dbeta[i] += dy[i];
  }
  const float meanSum = sum / static_cast<float>(dim), meanProduct = product / static_cast<float>(dim);
  for (i = 0; i < dim; i++) dx[i] = (dy[i] * gamma[i] - meanSum - (x[i] - mean) * inverse * meanProduct) * inverse;
}

void layerNormGrad(const Attributes&, Call& call) {
  const Tensor dy = call.input(0), x = call.input(1), statistics = call.input(2), gamma = call.input(3);
  const int64_t dim = gamma.size(), rows = dim == 0 ? 0 : x.size() / dim;
  if (!call.expect(dy.size() == x.size() && statistics.size() == 2 * rows, "CxrLayerNormGrad: expected inputs of matching sizes"))
    return;
  const Tensor dx = call.output(0, x.shape()), dgamma = call.output(1, {dim}), dbeta = call.output(2, {dim});
  std::vector<float> both(2 * dim);
  sumOverRows(rows, 2 * dim, both.data(), [&](int64_t row, float* sums) {
    layerNormRowGrad(dy.data() + row * dim, x.data() + row * dim, statistics.data()[2 * row], statistics.data()[2 * row + 1],
                     gamma.data(), dx.data() + row * dim, sums, sums + dim, dim);
  });
  std::copy_n(both.data(), dim, dgamma.data());
  std::copy_n(both.data() + dim, dim, dbeta.data());
}

[[maybe_unused]] const bool registered =
    registerOp("CxrLayerNorm", {"eps: float"}, {"x: float", "gamma: float", "beta: float"},
               {"y: float", "statistics: float"}, runKernel<layerNorm>) &&
    registerOp("CxrLayerNormGrad", {}, {"dy: float", "x: float", "statistics: float", "gamma: float"},
               {"dx: float", "dgamma: float", "dbeta: float"}, runKernel<layerNormGrad>);

}  // namespace
}  // namespace cxr
