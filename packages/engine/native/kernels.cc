// Operations of a training step that take one pass over memory each, for processors: TensorFlow's own ones take several, and a
// call of an operation costs more than the arithmetic of a small one. Registered by TensorFlow's C interface beside its own.
// What each computes is what packages/nn has in plain operations, which the tests hold them against.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// What is used of tensorflow/c/kernels.h and ops.h, whose own includes are not in every package of headers.
extern "C" {
typedef struct TF_KernelBuilder TF_KernelBuilder;
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder;
typedef struct TF_OpKernelConstruction TF_OpKernelConstruction;
typedef struct TF_OpKernelContext TF_OpKernelContext;
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char* attribute);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char* input);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char* output);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*,
                                                     void (*infer)(TF_ShapeInferenceContext*, TF_Status*));
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext*, TF_Status*);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
TF_KernelBuilder* TF_NewKernelBuilder(const char* name, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction*, const char* name, float* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction*, const char* name, int32_t* value, TF_Status*);
int TF_NumInputs(TF_OpKernelContext*);
void TF_GetInput(TF_OpKernelContext*, int i, TF_Tensor** tensor, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int i, TF_DataType, const int64_t* dims, int rank, size_t bytes, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

// Loops are compiled for several processors, and the one that is there is chosen when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define VECTORISED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define VECTORISED
#endif

namespace {

// ---- threads ----------------------------------------------------------------------------------------------------------------

int threadCount() {
  const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int count = asked ? std::atoi(asked) : static_cast<int>(std::thread::hardware_concurrency());
  return std::min(std::max(count, 1), 16);
}

/** Threads that wait for work. Never destroyed: they would be waited for at the end of the process. */
class Pool {
 public:
  static Pool& get() {
    static Pool* pool = new Pool(threadCount());
    return *pool;
  }

  /** Does each of `count` pieces once; which thread does which says nothing about the result. */
  void each(int64_t count, const std::function<void(int64_t)>& work) {
    if (count <= 1 || helpers_ == 0) {
      for (int64_t i = 0; i < count; i++) work(i);
      return;
    }
    std::lock_guard<std::mutex> one(turn_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      count_ = count;
      next_ = 0;
      busy_ = helpers_;
      round_++;
    }
    wake_.notify_all();
    take(work, count);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  explicit Pool(int threads) : helpers_(threads - 1) {
    for (int i = 0; i < helpers_; i++) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    for (int64_t seen = 0;;) {
      const std::function<void(int64_t)>* work;
      int64_t count;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return round_ != seen; });
        seen = round_;
        work = work_;
        count = count_;
      }
      take(*work, count);
      std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void take(const std::function<void(int64_t)>& work, int64_t count) {
    for (int64_t i; (i = next_.fetch_add(1)) < count;) work(i);
  }

  const int helpers_;
  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)>* work_ = nullptr;
  int64_t count_ = 0, round_ = 0;
  std::atomic<int64_t> next_{0};
  int busy_ = 0;
};

/** Entries of the pieces that long arrays are cut into; sums do not depend on the number of threads. */
constexpr int64_t pieceSize = 1 << 16;
/** Less work than so many entries is done at once. */
constexpr int64_t worthThreads = 1 << 15;

/** Goes through `rows` of `width` entries in pieces of whole rows. */
void eachRows(int64_t rows, int64_t width, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t step = std::max<int64_t>(1, worthThreads / std::max<int64_t>(1, width));
  const int64_t pieces = (rows + step - 1) / step;
  Pool::get().each(pieces, [&](int64_t i) { work(i * step, std::min(rows, (i + 1) * step)); });
}

// ---- what kernels are made of -----------------------------------------------------------------------------------------------

/** A tensor of a kernel, given back at the end of it. */
class Tensor {
 public:
  explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {}
  Tensor(Tensor&& other) noexcept : tensor_(other.tensor_) { other.tensor_ = nullptr; }
  Tensor(const Tensor&) = delete;
  ~Tensor() {
    if (tensor_) TF_DeleteTensor(tensor_);
  }
  float* data() const { return static_cast<float*>(TF_TensorData(tensor_)); }
  const int32_t* words() const { return static_cast<const int32_t*>(TF_TensorData(tensor_)); }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  int rank() const { return TF_NumDims(tensor_); }
  int64_t dim(int i) const { return TF_Dim(tensor_, i < 0 ? rank() + i : i); }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> shape(rank());
    for (int i = 0; i < rank(); i++) shape[i] = dim(i);
    return shape;
  }

 private:
  TF_Tensor* tensor_;
};

/** A call of a kernel. */
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() { TF_DeleteStatus(status_); }

  Tensor input(int i) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, i, &tensor, status_);
    return Tensor(tensor);
  }
  int inputs() { return TF_NumInputs(context_); }
  Tensor output(int i, const std::vector<int64_t>& shape) {
    size_t bytes = sizeof(float);
    for (int64_t size : shape) bytes *= size;
    return Tensor(TF_AllocateOutput(context_, i, TF_FLOAT, shape.data(), static_cast<int>(shape.size()), bytes, status_));
  }
  /** Ends the call with an error where a size is not what it must be. @returns whether it is. */
  bool expect(bool fits, const char* what) {
    if (fits) return true;
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, what);
    TF_OpKernelContext_Failure(context_, status_);
    return false;
  }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
};

/** The numbers that a kernel was made with. */
struct Attributes {
  float number = 0;
  int32_t heads = 1;
};

template <const char* const* names>
void* create(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  TF_Status* status = TF_NewStatus();
  for (const char* const* name = names; *name; name++) {
    if (std::string(*name) == "heads")
      TF_OpKernelConstruction_GetAttrInt32(construction, *name, &attributes->heads, status);
    else
      TF_OpKernelConstruction_GetAttrFloat(construction, *name, &attributes->number, status);
  }
  TF_DeleteStatus(status);
  return attributes;
}

void destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

// ---- random numbers ---------------------------------------------------------------------------------------------------------

/** Entries of a dropout mask that one block of Philox decides: sixteen bits each. */
constexpr int64_t perBlock = 8;
/** Blocks that are computed side by side. */
constexpr int lanes = 16;

/** The entries [begin, end) of the mask that packages/random draws for a key: 0 with probability `rate`, else 1 / (1 − rate). */
VECTORISED void fillMask(const int32_t* key, float rate, int64_t begin, int64_t end, float* mask) {
  const uint32_t limit = static_cast<uint32_t>(std::floor(static_cast<double>(rate) * 65536 + 0.5));
  const float keep = static_cast<float>(1 / (1 - static_cast<double>(rate)));
  float drawn[perBlock * lanes];
  for (int64_t block = begin / perBlock; block * perBlock < end; block += lanes) {
    uint32_t x0[lanes], x1[lanes], x2[lanes], x3[lanes];
    for (int i = 0; i < lanes; i++) {
      const uint64_t counter = static_cast<uint64_t>(block + i);
      x0[i] = static_cast<uint32_t>(counter);
      x1[i] = static_cast<uint32_t>(counter >> 32);
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
    for (int i = 0; i < lanes; i++) {
      const uint32_t words[4] = {x0[i], x1[i], x2[i], x3[i]};
      for (int w = 0; w < 4; w++) {
        drawn[i * perBlock + 2 * w] = (words[w] & 0xffffu) < limit ? 0.0f : keep;
        drawn[i * perBlock + 2 * w + 1] = (words[w] >> 16) < limit ? 0.0f : keep;
      }
    }
    const int64_t start = block * perBlock;
    const int64_t from = std::max(begin, start), to = std::min(end, start + perBlock * lanes);
    for (int64_t i = from; i < to; i++) mask[i - begin] = drawn[i - start];
  }
}

VECTORISED void multiply(const float* a, const float* b, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i++) out[i] = a[i] * b[i];
}

VECTORISED void multiplyAdd(const float* a, const float* b, const float* rest, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i++) out[i] = a[i] * b[i] + rest[i];
}

// ---- CxrDropout: x, key [seed, purpose, step, epoch], and perhaps what is added → x · mask + rest ------------------------------

void dropout(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const float rate = static_cast<Attributes*>(made)->number;
  const Tensor x = call.input(0), key = call.input(1);
  if (!call.expect(key.size() == 4, "CxrDropout: expected a key of four words")) return;
  const bool adds = call.inputs() > 2;
  const Tensor rest = call.input(adds ? 2 : 0);
  if (!call.expect(rest.size() == x.size(), "CxrDropout: expected to add as many entries")) return;
  const Tensor y = call.output(0, x.shape());
  const float *from = x.data(), *more = rest.data();
  float* to = y.data();
  const int32_t* words = key.words();
  Pool::get().each((x.size() + worthThreads - 1) / worthThreads, [&](int64_t piece) {
    // Small enough to stay near the processor.
    constexpr int64_t part = 2048;
    float mask[part];
    const int64_t last = std::min(x.size(), (piece + 1) * worthThreads);
    for (int64_t at = piece * worthThreads; at < last; at += part) {
      const int64_t count = std::min(part, last - at);
      fillMask(words, rate, at, at + count, mask);
      if (adds)
        multiplyAdd(from + at, mask, more + at, to + at, count);
      else
        multiply(from + at, mask, to + at, count);
    }
  });
}

// ---- CxrLayerNorm: x [rows, dim], scale, shift → y, statistics [rows, 2] of mean and 1 / deviation ------------------------------

/** Sums that gcc may keep in vector registers. */
constexpr int wide = 16;

VECTORISED float sumOf(const float* x, int64_t count) {
  float sums[wide] = {};
  int64_t i = 0;
  for (; i + wide <= count; i += wide)
    for (int j = 0; j < wide; j++) sums[j] += x[i + j];
  float total = 0;
  for (int j = 0; j < wide; j++) total += sums[j];
  for (; i < count; i++) total += x[i];
  return total;
}

VECTORISED float squaresAround(const float* x, float mean, int64_t count) {
  float sums[wide] = {};
  int64_t i = 0;
  for (; i + wide <= count; i += wide)
    for (int j = 0; j < wide; j++) sums[j] += (x[i + j] - mean) * (x[i + j] - mean);
  float total = 0;
  for (int j = 0; j < wide; j++) total += sums[j];
  for (; i < count; i++) total += (x[i] - mean) * (x[i] - mean);
  return total;
}

VECTORISED void scaleAndShift(const float* x, float mean, float inverse, const float* scale, const float* shift, float* y,
                              int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
}

void layerNorm(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const float eps = static_cast<Attributes*>(made)->number;
  const Tensor x = call.input(0), scale = call.input(1), shift = call.input(2);
  const int64_t dim = x.dim(-1);
  if (!call.expect(scale.size() == dim && shift.size() == dim, "CxrLayerNorm: expected scale and shift as wide as x")) return;
  const int64_t rows = dim == 0 ? 0 : x.size() / dim;
  const Tensor y = call.output(0, x.shape()), statistics = call.output(1, {rows, 2});
  eachRows(rows, dim, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = x.data() + row * dim;
      const float mean = sumOf(from, dim) / static_cast<float>(dim);
      const float variance = squaresAround(from, mean, dim) / static_cast<float>(dim);
      const float inverse = 1 / std::sqrt(variance + eps);
      statistics.data()[2 * row] = mean;
      statistics.data()[2 * row + 1] = inverse;
      scaleAndShift(from, mean, inverse, scale.data(), shift.data(), y.data() + row * dim, dim);
    }
  });
}

// ---- CxrLayerNormGrad: dy, x, statistics, scale → dx, dscale, dshift ------------------------------------------------------------

VECTORISED void layerNormRowGrad(const float* dy, const float* x, float mean, float inverse, const float* scale, float* dx,
                                 float* dscale, float* dshift, int64_t dim) {
  float sums[wide] = {}, slopes[wide] = {};
  int64_t i = 0;
  for (; i + wide <= dim; i += wide)
    for (int j = 0; j < wide; j++) {
      const float unit = (x[i + j] - mean) * inverse, of = dy[i + j] * scale[i + j];
      sums[j] += of;
      slopes[j] += of * unit;
      dscale[i + j] += dy[i + j] * unit;
      dshift[i + j] += dy[i + j];
    }
  float sum = 0, slope = 0;
  for (int j = 0; j < wide; j++) sum += sums[j], slope += slopes[j];
  for (; i < dim; i++) {
    const float unit = (x[i] - mean) * inverse, of = dy[i] * scale[i];
    sum += of;
    slope += of * unit;
    dscale[i] += dy[i] * unit;
    dshift[i] += dy[i];
  }
  const float meanSum = sum / static_cast<float>(dim), meanSlope = slope / static_cast<float>(dim);
  for (i = 0; i < dim; i++) dx[i] = (dy[i] * scale[i] - meanSum - (x[i] - mean) * inverse * meanSlope) * inverse;
}

VECTORISED void addTo(float* sum, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] += x[i];
}

/** Rows whose sums are made together, whoever makes them. */
constexpr int64_t rowsOfSum = 64;

void layerNormGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor dy = call.input(0), x = call.input(1), statistics = call.input(2), scale = call.input(3);
  const int64_t dim = scale.size(), rows = dim == 0 ? 0 : x.size() / dim;
  if (!call.expect(dy.size() == x.size() && statistics.size() == 2 * rows, "CxrLayerNormGrad: expected sizes of one another"))
    return;
  const Tensor dx = call.output(0, x.shape()), dscale = call.output(1, {dim}), dshift = call.output(2, {dim});
  const int64_t pieces = (rows + rowsOfSum - 1) / rowsOfSum;
  std::vector<float> sums(pieces * 2 * dim, 0.0f);
  Pool::get().each(pieces, [&](int64_t piece) {
    float* own = sums.data() + piece * 2 * dim;
    for (int64_t row = piece * rowsOfSum; row < std::min(rows, (piece + 1) * rowsOfSum); row++)
      layerNormRowGrad(dy.data() + row * dim, x.data() + row * dim, statistics.data()[2 * row], statistics.data()[2 * row + 1],
                       scale.data(), dx.data() + row * dim, own, own + dim, dim);
  });
  std::fill_n(dscale.data(), dim, 0.0f);
  std::fill_n(dshift.data(), dim, 0.0f);
  for (int64_t piece = 0; piece < pieces; piece++) {
    addTo(dscale.data(), sums.data() + piece * 2 * dim, dim);
    addTo(dshift.data(), sums.data() + piece * 2 * dim + dim, dim);
  }
}

// ---- CxrColumnSums: x [rows, columns] → [columns] -------------------------------------------------------------------------------

void columnSums(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor x = call.input(0);
  const int64_t columns = x.dim(-1), rows = columns == 0 ? 0 : x.size() / columns;
  const Tensor sums = call.output(0, {columns});
  // In stripes of columns, so that each is summed by one thread, row after row.
  constexpr int64_t stripe = 512;
  const auto ofStripe = [&](int64_t i) {
    const int64_t from = i * stripe, count = std::min(stripe, columns - from);
    std::fill_n(sums.data() + from, count, 0.0f);
    for (int64_t row = 0; row < rows; row++) addTo(sums.data() + from, x.data() + row * columns + from, count);
  };
  const int64_t stripes = (columns + stripe - 1) / stripe;
  if (x.size() < worthThreads)
    for (int64_t i = 0; i < stripes; i++) ofStripe(i);
  else
    Pool::get().each(stripes, ofStripe);
}

// ---- CxrAttention: query [batch, rows, dim], keyValue [batch, sources, 2 · dim], key → mixed [batch, rows, dim], weights ---------

/** to[i] += factor · x[i]. */
VECTORISED void addScaled(float* to, float factor, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] += factor * x[i];
}

/** A head of one sample: where its rows lie in query and keyValue, and room for a tile of rows by sources. */
struct Head {
  int64_t batch, head, rows, sources, dim, width;
  /** Sources rounded up, so that a row of the tile is whole vectors. */
  int64_t padded() const { return (sources + wide - 1) / wide * wide; }
  int64_t queryAt(int64_t row) const { return (batch * rows + row) * dim + head * width; }
  int64_t keyAt(int64_t source) const { return (batch * sources + source) * 2 * dim + head * width; }
  int64_t valueAt(int64_t source) const { return keyAt(source) + dim; }
};

/** products[row, source] = a[row] · b[source], by the transposed b. */
VECTORISED void tileOfProducts(const Head& at, const float* a, const float* b, int64_t (Head::*placeOfB)(int64_t) const,
                               float* transposed, float* products) {
  const int64_t padded = at.padded();
  std::fill_n(transposed, at.width * padded, 0.0f);
  for (int64_t source = 0; source < at.sources; source++) {
    const float* from = b + (at.*placeOfB)(source);
    for (int64_t i = 0; i < at.width; i++) transposed[i * padded + source] = from[i];
  }
  std::fill_n(products, at.rows * padded, 0.0f);
  for (int64_t row = 0; row < at.rows; row++) {
    const float* from = a + at.queryAt(row);
    float* to = products + row * padded;
    for (int64_t i = 0; i < at.width; i++)
      for (int64_t source = 0; source < padded; source++) to[source] += from[i] * transposed[i * padded + source];
  }
}

void attention(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const auto* attributes = static_cast<Attributes*>(made);
  const float rate = attributes->number;
  const int64_t heads = attributes->heads;
  const Tensor query = call.input(0), keyValue = call.input(1), key = call.input(2);
  if (!call.expect(query.rank() == 3 && keyValue.rank() == 3 && keyValue.dim(0) == query.dim(0) &&
                       keyValue.dim(2) == 2 * query.dim(2) && query.dim(2) % heads == 0 && key.size() == 4,
                   "CxrAttention: expected query [batch, rows, dim] and keyValue [batch, sources, 2 dim]"))
    return;
  const int64_t batch = query.dim(0), rows = query.dim(1), sources = keyValue.dim(1), dim = query.dim(2), width = dim / heads;
  const Tensor mixed = call.output(0, query.shape()), weights = call.output(1, {batch, heads, rows, sources});
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  Pool::get().each(batch, [&](int64_t sample) {
    Head at{sample, 0, rows, sources, dim, width};
    const int64_t padded = at.padded();
    std::vector<float> room(width * padded + rows * padded + rows * sources);
    float *transposed = room.data(), *scores = transposed + width * padded, *mask = scores + rows * padded;
    for (at.head = 0; at.head < heads; at.head++) {
      tileOfProducts(at, query.data(), keyValue.data(), &Head::keyAt, transposed, scores);
      const int64_t tile = (sample * heads + at.head) * rows * sources;
      if (rate > 0) fillMask(key.words(), rate, tile, tile + rows * sources, mask);
      for (int64_t row = 0; row < rows; row++) {
        float* weight = weights.data() + tile + row * sources;
        const float* score = scores + row * padded;
        float most = -INFINITY, sum = 0;
        for (int64_t s = 0; s < sources; s++) most = std::max(most, score[s] * scale);
        for (int64_t s = 0; s < sources; s++) sum += weight[s] = std::exp(score[s] * scale - most);
        float* to = mixed.data() + at.queryAt(row);
        std::fill_n(to, width, 0.0f);
        for (int64_t s = 0; s < sources; s++) {
          weight[s] /= sum;
          addScaled(to, rate > 0 ? weight[s] * mask[row * sources + s] : weight[s], keyValue.data() + at.valueAt(s), width);
        }
      }
    }
  });
}

// ---- CxrAttentionGrad: dmixed, query, keyValue, weights, key → dquery, dkeyValue --------------------------------------------------

void attentionGrad(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const auto* attributes = static_cast<Attributes*>(made);
  const float rate = attributes->number;
  const int64_t heads = attributes->heads;
  const Tensor dmixed = call.input(0), query = call.input(1), keyValue = call.input(2), weights = call.input(3),
               key = call.input(4);
  const int64_t batch = query.dim(0), rows = query.dim(1), sources = keyValue.dim(1), dim = query.dim(2), width = dim / heads;
  if (!call.expect(dmixed.size() == query.size() && weights.size() == batch * heads * rows * sources && key.size() == 4,
                   "CxrAttentionGrad: expected sizes of one another"))
    return;
  const Tensor dquery = call.output(0, query.shape()), dkeyValue = call.output(1, keyValue.shape());
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  Pool::get().each(batch, [&](int64_t sample) {
    Head at{sample, 0, rows, sources, dim, width};
    const int64_t padded = at.padded();
    std::vector<float> room(width * padded + rows * padded + rows * sources, 1.0f);
    float *transposed = room.data(), *dweights = transposed + width * padded, *mask = dweights + rows * padded;
    std::fill_n(dkeyValue.data() + sample * sources * 2 * dim, sources * 2 * dim, 0.0f);
    std::fill_n(dquery.data() + sample * rows * dim, rows * dim, 0.0f);
    for (at.head = 0; at.head < heads; at.head++) {
      tileOfProducts(at, dmixed.data(), keyValue.data(), &Head::valueAt, transposed, dweights);
      const int64_t tile = (sample * heads + at.head) * rows * sources;
      if (rate > 0) fillMask(key.words(), rate, tile, tile + rows * sources, mask);
      for (int64_t row = 0; row < rows; row++) {
        const float *weight = weights.data() + tile + row * sources, *kept = mask + row * sources;
        float* slope = dweights + row * padded;
        float along = 0;
        for (int64_t s = 0; s < sources; s++) along += (slope[s] *= kept[s]) * weight[s];
        float* toQuery = dquery.data() + at.queryAt(row);
        for (int64_t s = 0; s < sources; s++) {
          const float ofScore = weight[s] * (slope[s] - along) * scale;
          addScaled(toQuery, ofScore, keyValue.data() + at.keyAt(s), width);
          addScaled(dkeyValue.data() + at.keyAt(s), ofScore, query.data() + at.queryAt(row), width);
          addScaled(dkeyValue.data() + at.valueAt(s), weight[s] * kept[s], dmixed.data() + at.queryAt(row), width);
        }
      }
    }
  });
}

// ---- CxrAdamW: numbers, rates, decays, and weight, first, second, gradient of each variable → the length of the gradient -----------

VECTORISED double sumOfSquares(const float* x, int64_t count) {
  float sums[wide] = {};
  int64_t i = 0;
  double total = 0;
  for (; i + wide <= count; i += wide)
    for (int j = 0; j < wide; j++) sums[j] += x[i + j] * x[i + j];
  for (int j = 0; j < wide; j++) total += sums[j];
  for (; i < count; i++) total += x[i] * x[i];
  return total;
}

/** What one step has for all entries of a variable. */
struct Update {
  float shrink, beta1, beta2, eps, rate, decay, root;
};

VECTORISED void adamW(const Update& with, float* weight, float* first, float* second, const float* gradient, int64_t count) {
  const float fresh1 = 1 - with.beta1, fresh2 = 1 - with.beta2;
  for (int64_t i = 0; i < count; i++) {
    const float slope = gradient[i] * with.shrink;
    const float m = first[i] * with.beta1 + slope * fresh1;
    const float v = second[i] * with.beta2 + slope * slope * fresh2;
    first[i] = m;
    second[i] = v;
    weight[i] = weight[i] - weight[i] * with.decay - with.rate * m / (std::sqrt(v) * with.root + with.eps);
  }
}

void adamWAll(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor numbers = call.input(0), rates = call.input(1), decays = call.input(2);
  const int64_t variables = rates.size();
  if (!call.expect(numbers.size() == 6 && decays.size() == variables && call.inputs() == 3 + 4 * variables,
                   "CxrAdamW: expected six numbers, and a rate, a decay and four tensors of each variable"))
    return;
  std::vector<Tensor> tensors;
  tensors.reserve(4 * variables);
  for (int64_t i = 0; i < 4 * variables; i++) tensors.push_back(call.input(static_cast<int>(3 + i)));
  struct Piece {
    int64_t variable, begin, end;
  };
  std::vector<Piece> pieces;
  for (int64_t i = 0; i < variables; i++) {
    const int64_t size = tensors[4 * i].size();
    for (int64_t j = 1; j < 4; j++)
      if (!call.expect(tensors[4 * i + j].size() == size, "CxrAdamW: expected four tensors of one size")) return;
    for (int64_t at = 0; at < size; at += pieceSize) pieces.push_back({i, at, std::min(size, at + pieceSize)});
  }
  const int64_t count = static_cast<int64_t>(pieces.size());
  std::vector<double> squares(count);
  Pool::get().each(count, [&](int64_t i) {
    const Piece& piece = pieces[i];
    squares[i] = sumOfSquares(tensors[4 * piece.variable + 3].data() + piece.begin, piece.end - piece.begin);
  });
  double total = 0;
  for (double one : squares) total += one;
  const float* number = numbers.data();
  const double length = std::sqrt(total), most = number[0];
  const float shrink = static_cast<float>(most > 0 ? std::min(1.0, most / (length + 1e-6)) : 1.0);
  Pool::get().each(count, [&](int64_t i) {
    const Piece& piece = pieces[i];
    const auto at = [&](int64_t which) { return tensors[4 * piece.variable + which].data() + piece.begin; };
    const Update update{shrink,     number[1], number[2], number[3], rates.data()[piece.variable] * number[4],
                        decays.data()[piece.variable] * rates.data()[piece.variable], number[5]};
    adamW(update, at(0), at(1), at(2), at(3), piece.end - piece.begin);
  });
  const Tensor output = call.output(0, {});
  output.data()[0] = static_cast<float>(length);
}

// ---- registration -----------------------------------------------------------------------------------------------------------

const char* const none[] = {nullptr};
const char* const rateAlone[] = {"rate", nullptr};
const char* const epsAlone[] = {"eps", nullptr};
const char* const rateAndHeads[] = {"rate", "heads", nullptr};

using Create = void* (*)(TF_OpKernelConstruction*);
using Compute = void (*)(void*, TF_OpKernelContext*);

/** Registers an operation and its kernel for processors. @returns whether TensorFlow took them. */
bool add(const char* name, std::initializer_list<const char*> attributes, std::initializer_list<const char*> inputs,
         std::initializer_list<const char*> outputs, Create make, Compute compute) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* one : attributes) TF_OpDefinitionBuilderAddAttr(definition, one);
  for (const char* one : inputs) TF_OpDefinitionBuilderAddInput(definition, one);
  for (const char* one : outputs) TF_OpDefinitionBuilderAddOutput(definition, one);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext* context, TF_Status* of) {
    TF_ShapeInferenceContextSetUnknownShape(context, of);
  });
  TF_RegisterOpDefinition(definition, status);
  bool isDone = TF_GetCode(status) == TF_OK;
  if (isDone) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", make, compute, destroy), status);
    isDone = TF_GetCode(status) == TF_OK;
  }
  TF_DeleteStatus(status);
  return isDone;
}

const bool registered = [] {
  return add("CxrDropout", {"rate: float", "more: int >= 0"}, {"x: float", "key: int32", "rest: more * float"}, {"y: float"},
             create<rateAlone>, dropout) &&
         add("CxrLayerNorm", {"eps: float"}, {"x: float", "scale: float", "shift: float"}, {"y: float", "statistics: float"},
             create<epsAlone>, layerNorm) &&
         add("CxrLayerNormGrad", {}, {"dy: float", "x: float", "statistics: float", "scale: float"},
             {"dx: float", "dscale: float", "dshift: float"}, create<none>, layerNormGrad) &&
         add("CxrColumnSums", {}, {"x: float"}, {"sums: float"}, create<none>, columnSums) &&
         add("CxrAttention", {"rate: float", "heads: int"}, {"query: float", "key_value: float", "key: int32"},
             {"mixed: float", "weights: float"}, create<rateAndHeads>, attention) &&
         add("CxrAttentionGrad", {"rate: float", "heads: int"},
             {"dmixed: float", "query: float", "key_value: float", "weights: float", "key: int32"},
             {"dquery: float", "dkey_value: float"}, create<rateAndHeads>, attentionGrad) &&
         add("CxrAdamW", {"count: int >= 0"}, {"numbers: float", "rates: float", "decays: float", "tensors: count * float"},
             {"length: float"}, create<none>, adamWAll);
}();

}  // namespace
