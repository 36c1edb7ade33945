// Multi-head attention with its softmax and dropout, forwards and backwards, without its projections.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "dropout_mask.h"
#include "kernel.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrAttention: query [batch · rows, dim] and key_value [batch · context, 2 · dim] → attended [batch · rows, dim] and weights
// [batch, heads, rows, context].

/** A head of one sample: where its rows lie in query and keyValue. */
struct Head {
  int64_t batch, head, heads, rows, context, dim;
  int64_t width() const { return dim / heads; }
  /** The context rounded up, so that a row of a tile is whole vectors. */
  int64_t padded() const { return (context + wide - 1) / wide * wide; }
  /** Floats for a tile of rows by context, the transposed context and a mask. */
  int64_t scratch() const { return width() * padded() + 2 * rows * padded(); }
  int64_t queryAt(int64_t row) const { return (batch * rows + row) * dim + head * width(); }
  int64_t keyAt(int64_t position) const { return (batch * context + position) * 2 * dim + head * width(); }
  int64_t valueAt(int64_t position) const { return keyAt(position) + dim; }
  int64_t weightAt(int64_t row) const { return ((batch * heads + head) * rows + row) * context; }
  /** The approximate time of all heads of a sample on one thread. */
  double nanoseconds() const { return static_cast<double>(rows * padded()) * (0.2 * static_cast<double>(dim) + 4.0 * heads); }
};

/** products[row, position] = a[row] · b[position], by the transposed b, whose rows are 2 · dim apart. */
INLINED void tileOfProducts(const Head& at, const float* a, const float* b, float* transposed, float* products) {
  const int64_t padded = at.padded(), width = at.width();
  std::fill_n(transposed, width * padded, 0.0f);
  for (int64_t position = 0; position < at.context; position++)
    for (int64_t i = 0; i < width; i++) transposed[i * padded + position] = b[position * 2 * at.dim + i];
  for (int64_t row = 0; row < at.rows; row++) {
    const float* from = a + row * at.dim;
    for (int64_t part = 0; part < padded; part += wide) {
      float sums[wide] = {};
      for (int64_t i = 0; i < width; i++)
        for (int j = 0; j < wide; j++) sums[j] += from[i] * transposed[i * padded + part + j];
      for (int j = 0; j < wide; j++) products[row * padded + part + j] = sums[j];
    }
  }
}

VECTORISED void attend(const Head& at, const Mask& mask, const float* query, const float* keyValue, float* attended,
                       float* weights, float* scratch) {
  const int64_t padded = at.padded(), width = at.width();
  float *transposed = scratch, *scores = transposed + width * padded, *kept = scores + at.rows * padded;
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  tileOfProducts(at, query + at.queryAt(0), keyValue + at.keyAt(0), transposed, scores);
  if (mask.limit > 0) fillMask(mask, at.weightAt(0), at.weightAt(at.rows), kept);
  for (int64_t row = 0; row < at.rows; row++) {
    float *weight = weights + at.weightAt(row), *score = scores + row * padded;
    float most = -INFINITY, sum = 0;
    for (int64_t s = 0; s < at.context; s++) most = std::max(most, score[s] * scale);
    for (int64_t s = 0; s < padded; s++) score[s] = exponential(score[s] * scale - most);
    for (int64_t s = 0; s < at.context; s++) sum += score[s];
    for (int64_t s = 0; s < at.context; s++) weight[s] = score[s] = score[s] / sum;
    if (mask.limit > 0)
      for (int64_t s = 0; s < at.context; s++) score[s] *= kept[row * at.context + s];
    float* to = attended + at.queryAt(row);
    for (int64_t i = 0; i < width; i++) to[i] = 0;
    for (int64_t s = 0; s < at.context; s++) addScaled(to, score[s], keyValue + at.valueAt(s), width);
  }
}

void attention(const Attributes& attributes, Call& call) {
  const int64_t heads = attributes.heads;
  const Tensor query = call.input(0), keyValue = call.input(1), maskKey = call.input(2);
  const int64_t batch = attributes.batch;
  if (!call.expect(query.rank() == 2 && keyValue.rank() == 2 && query.dim(0) % batch == 0 && keyValue.dim(0) % batch == 0 &&
                       keyValue.dim(1) == 2 * query.dim(1) && query.dim(1) % heads == 0 && maskKey.size() == 4,
                   "CxrAttention: expected query [batch * rows, dim] and key_value [batch * context, 2 dim]"))
    return;
  const Head first{0, 0, heads, query.dim(0) / batch, keyValue.dim(0) / batch, query.dim(1)};
  const Tensor attended = call.output(0, query.shape()), weights = call.output(1, {batch, heads, first.rows, first.context});
  const Mask mask(maskKey.words(), attributes.rate);
  parallelFor(batch, first.nanoseconds(), [&](int64_t sample) {
    std::vector<float> scratch(first.scratch());
    for (Head at = first; at.head < heads; at.head++) {
      at.batch = sample;
      attend(at, mask, query.data(), keyValue.data(), attended.data(), weights.data(), scratch.data());
    }
  });
}

// CxrAttentionGrad: gradients of query and key_value.

VECTORISED void attendGrad(const Head& at, const Mask& mask, const float* dattended, const float* query, const float* keyValue,
                           const float* weights, float* dquery, float* dkeyValue, float* scratch) {
  const int64_t padded = at.padded(), width = at.width();
  float *transposed = scratch, *dscores = transposed + width * padded, *kept = dscores + at.rows * padded;
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  tileOfProducts(at, dattended + at.queryAt(0), keyValue + at.valueAt(0), transposed, dscores);
  if (mask.limit > 0)
    fillMask(mask, at.weightAt(0), at.weightAt(at.rows), kept);
  else
    std::fill_n(kept, at.rows * at.context, 1.0f);
  for (int64_t s = 0; s < at.context; s++)
    for (int64_t i = 0; i < width; i++) dkeyValue[at.keyAt(s) + i] = dkeyValue[at.valueAt(s) + i] = 0;
  for (int64_t row = 0; row < at.rows; row++) {
    const float *weight = weights + at.weightAt(row), *keep = kept + row * at.context;
    const float *from = query + at.queryAt(row), *dfrom = dattended + at.queryAt(row);
    float *dscore = dscores + row * padded, *to = dquery + at.queryAt(row);
    float along = 0;
    for (int64_t s = 0; s < at.context; s++) dscore[s] *= keep[s];
    for (int64_t s = 0; s < at.context; s++) along += dscore[s] * weight[s];
    for (int64_t i = 0; i < width; i++) to[i] = 0;
    for (int64_t s = 0; s < at.context; s++) {
      const float ofScore = weight[s] * (dscore[s] - along) * scale, ofValue = weight[s] * keep[s];
      addScaled(to, ofScore, keyValue + at.keyAt(s), width);
      addScaled(dkeyValue + at.keyAt(s), ofScore, from, width);
      addScaled(dkeyValue + at.valueAt(s), ofValue, dfrom, width);
    }
  }
}

void attentionGrad(const Attributes& attributes, Call& call) {
  const int64_t heads = attributes.heads;
  const Tensor dattended = call.input(0), query = call.input(1), keyValue = call.input(2), weights = call.input(3),
               maskKey = call.input(4);
  const int64_t batch = attributes.batch;
  const Head first{0, 0, heads, query.dim(0) / batch, keyValue.dim(0) / batch, query.dim(1)};
  if (!call.expect(dattended.size() == query.size() && weights.size() == batch * heads * first.rows * first.context &&
                       maskKey.size() == 4,
                   "CxrAttentionGrad: expected inputs of matching sizes"))
    return;
  const Tensor dquery = call.output(0, query.shape()), dkeyValue = call.output(1, keyValue.shape());
  const Mask mask(maskKey.words(), attributes.rate);
  parallelFor(batch, 2 * first.nanoseconds(), [&](int64_t sample) {
    std::vector<float> scratch(first.scratch());
    for (Head at = first; at.head < heads; at.head++) {
      at.batch = sample;
      attendGrad(at, mask, dattended.data(), query.data(), keyValue.data(), weights.data(), dquery.data(), dkeyValue.data(),
                 scratch.data());
    }
  });
}

[[maybe_unused]] const bool registered =
    registerOp("CxrAttention", {"rate: float", "heads: int >= 1", "batch: int >= 1"},
               {"query: float", "key_value: float", "mask_key: int32"}, {"attended: float", "weights: float"},
               runKernel<attention>) &&
    registerOp("CxrAttentionGrad", {"rate: float", "heads: int >= 1", "batch: int >= 1"},
               {"dattended: float", "query: float", "key_value: float", "weights: float", "mask_key: int32"},
               {"dquery: float", "dkey_value: float"}, runKernel<attentionGrad>);

}  // namespace
}  // namespace cxr
