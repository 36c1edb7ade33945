// Operations of a training step that take one pass over memory each, for processors: TensorFlow's own ones take several, and a
// call of an operation costs more than the arithmetic of a small one. Registered by TensorFlow's C interface beside its own.
// What each computes is what packages/nn has in plain operations, which the tests hold them against.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <cstring>
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
      round_++;
    }
    wake_.notify_all();
    take(work, count);
    // Who has not come by now is not waited for: another program may have the processor.
    std::unique_lock<std::mutex> lock(mutex_);
    work_ = nullptr;
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
        wake_.wait(lock, [&] { return work_ && round_ != seen; });
        seen = round_;
        work = work_;
        count = count_;
        busy_++;
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
  /** What is to be done; nothing between two calls. */
  const std::function<void(int64_t)>* work_ = nullptr;
  int64_t count_ = 0, round_ = 0;
  std::atomic<int64_t> next_{0};
  /** Helpers that are at it. */
  int busy_ = 0;
};

/** Entries of the pieces that long arrays are cut into; sums do not depend on the number of threads. */
constexpr int64_t pieceSize = 1 << 16;
/** Less work than so many nanoseconds is done at once: TensorFlow's own threads may be awake where ours would run. */
constexpr double worthThreads = 2e5;

/** Does `count` pieces, on several threads where the work of all is worth that. @param nanoseconds of one piece on one thread. */
void spread(int64_t count, double nanoseconds, const std::function<void(int64_t)>& work) {
  if (static_cast<double>(count) * nanoseconds >= worthThreads)
    Pool::get().each(count, work);
  else
    for (int64_t i = 0; i < count; i++) work(i);
}

/** Goes through `rows` of `width` entries in pieces of whole rows. @param nanoseconds of an entry. */
void eachRows(int64_t rows, int64_t width, double nanoseconds, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t step = std::max<int64_t>(1, pieceSize / 2 / std::max<int64_t>(1, width));
  spread((rows + step - 1) / step, static_cast<double>(step * width) * nanoseconds,
         [&](int64_t i) { work(i * step, std::min(rows, (i + 1) * step)); });
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
  int32_t heads = 1, batch = 1;
};

template <const char* const* names>
void* create(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  TF_Status* status = TF_NewStatus();
  for (const char* const* name = names; *name; name++) {
    const std::string one = *name;
    if (one == "heads" || one == "batch")
      TF_OpKernelConstruction_GetAttrInt32(construction, *name, one == "heads" ? &attributes->heads : &attributes->batch, status);
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

// ---- CxrDropout: x, key [seed, purpose, step, epoch], and perhaps what is added → x · mask + rest ------------------------------

VECTORISED void dropoutRange(const Mask& mask, const float* __restrict x, const float* __restrict rest, float* __restrict y,
                             int64_t begin, int64_t end) {
  float drawn[perLanes];
  for (int64_t start = begin; start < end; start += perLanes) {
    const int64_t count = std::min(perLanes, end - start);
    fillMask(mask, start, start + count, drawn);
    if (rest)
      for (int64_t i = 0; i < count; i++) y[start + i] = x[start + i] * drawn[i] + rest[start + i];
    else
      for (int64_t i = 0; i < count; i++) y[start + i] = x[start + i] * drawn[i];
  }
}

void dropout(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor x = call.input(0), key = call.input(1);
  if (!call.expect(key.size() == 4, "CxrDropout: expected a key of four words")) return;
  const bool adds = call.inputs() > 2;
  const Tensor rest = call.input(adds ? 2 : 0);
  if (!call.expect(rest.size() == x.size(), "CxrDropout: expected to add as many entries")) return;
  const Tensor y = call.output(0, x.shape());
  const Mask mask(key.words(), static_cast<Attributes*>(made)->number);
  eachRows((x.size() + perLanes - 1) / perLanes, perLanes, 1, [&](int64_t begin, int64_t end) {
    dropoutRange(mask, x.data(), adds ? rest.data() : nullptr, y.data(), begin * perLanes, std::min(x.size(), end * perLanes));
  });
}

// ---- CxrHidden: product [rows, width], bias, key → relu(product + bias) · mask ---------------------------------------------------

VECTORISED void hiddenRow(const Mask& mask, const float* __restrict product, const float* __restrict bias, float* __restrict y,
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

void hidden(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor product = call.input(0), bias = call.input(1), key = call.input(2);
  const int64_t width = bias.size(), rows = width == 0 ? 0 : product.size() / width;
  if (!call.expect(product.dim(-1) == width && key.size() == 4, "CxrHidden: expected a bias as wide as the product")) return;
  const Tensor y = call.output(0, product.shape());
  const Mask mask(key.words(), static_cast<Attributes*>(made)->number);
  eachRows(rows, width, 1.2, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      hiddenRow(mask, product.data() + row * width, bias.data(), y.data() + row * width, row * width, width);
  });
}

// ---- CxrHiddenGrad: dy, y → dproduct, dbias: where y is not 0 it was kept, and above 0 --------------------------------------------

VECTORISED void hiddenRowGrad(const float* __restrict dy, const float* __restrict y, float keep, float* __restrict dx,
                              float* __restrict sums, int64_t width) {
  for (int64_t i = 0; i < width; i++) {
    dx[i] = y[i] > 0 ? dy[i] * keep : 0.0f;
    sums[i] += dx[i];
  }
}

/** Rows whose sums are made together, whoever makes them. */
constexpr int64_t rowsOfSum = 64;

VECTORISED void addTo(float* sum, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i++) sum[i] += x[i];
}

/** Does rows in pieces that sum into `width` entries of their own each, and adds those up in order. */
void eachSummed(int64_t rows, int64_t width, float* total, const std::function<void(int64_t row, float* sums)>& work) {
  const int64_t pieces = (rows + rowsOfSum - 1) / rowsOfSum;
  std::vector<float> sums(pieces * width, 0.0f);
  spread(pieces, static_cast<double>(rowsOfSum * width) * 0.5, [&](int64_t piece) {
    for (int64_t row = piece * rowsOfSum; row < std::min(rows, (piece + 1) * rowsOfSum); row++)
      work(row, sums.data() + piece * width);
  });
  std::fill_n(total, width, 0.0f);
  for (int64_t piece = 0; piece < pieces; piece++) addTo(total, sums.data() + piece * width, width);
}

void hiddenGrad(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor dy = call.input(0), y = call.input(1);
  const int64_t width = y.dim(-1), rows = width == 0 ? 0 : y.size() / width;
  if (!call.expect(dy.size() == y.size(), "CxrHiddenGrad: expected sizes of one another")) return;
  const Tensor dx = call.output(0, y.shape()), dbias = call.output(1, {width});
  const float keep = static_cast<float>(1 / (1 - static_cast<double>(static_cast<Attributes*>(made)->number)));
  eachSummed(rows, width, dbias.data(), [&](int64_t row, float* sums) {
    hiddenRowGrad(dy.data() + row * width, y.data() + row * width, keep, dx.data() + row * width, sums, width);
  });
}

// ---- CxrLayerNorm: x [rows, dim], scale, shift → y, statistics [rows, 2] of mean and 1 / deviation ------------------------------

/** Entries of a vector: compilers cut it into as many registers as it takes. */
constexpr int wide = 16;
typedef float Vector __attribute__((vector_size(wide * sizeof(float))));

/** Sums f(entry) over `count` entries, in four vectors side by side: a sum waits for the one before it. */
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

VECTORISED float sumOf(const float* x, int64_t count) {
  return summed(x, count, [](auto part) __attribute__((always_inline)) { return part; });
}

VECTORISED float squaresAround(const float* x, float mean, int64_t count) {
  return summed(x, count, [mean](auto part) __attribute__((always_inline)) { return (part - mean) * (part - mean); });
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
  eachRows(rows, dim, 0.5, [&](int64_t begin, int64_t end) {
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

VECTORISED void layerNormRowGrad(const float* __restrict dy, const float* __restrict x, float mean, float inverse,
                                 const float* __restrict scale, float* __restrict dx, float* __restrict dscale,
                                 float* __restrict dshift, int64_t dim) {
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

void layerNormGrad(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor dy = call.input(0), x = call.input(1), statistics = call.input(2), scale = call.input(3);
  const int64_t dim = scale.size(), rows = dim == 0 ? 0 : x.size() / dim;
  if (!call.expect(dy.size() == x.size() && statistics.size() == 2 * rows, "CxrLayerNormGrad: expected sizes of one another"))
    return;
  const Tensor dx = call.output(0, x.shape()), dscale = call.output(1, {dim}), dshift = call.output(2, {dim});
  std::vector<float> both(2 * dim);
  eachSummed(rows, 2 * dim, both.data(), [&](int64_t row, float* sums) {
    layerNormRowGrad(dy.data() + row * dim, x.data() + row * dim, statistics.data()[2 * row], statistics.data()[2 * row + 1],
                     scale.data(), dx.data() + row * dim, sums, sums + dim, dim);
  });
  std::copy_n(both.data(), dim, dscale.data());
  std::copy_n(both.data() + dim, dim, dshift.data());
}

// ---- CxrColumnSums: x [rows, columns] → [columns] -------------------------------------------------------------------------------

void columnSums(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor x = call.input(0);
  const int64_t columns = x.dim(-1), rows = columns == 0 ? 0 : x.size() / columns;
  const Tensor sums = call.output(0, {columns});
  // In stripes of columns, so that each is summed by one thread, row after row.
  constexpr int64_t stripe = 512;
  spread((columns + stripe - 1) / stripe, static_cast<double>(stripe * rows) * 0.2, [&](int64_t i) {
    const int64_t from = i * stripe, count = std::min(stripe, columns - from);
    std::fill_n(sums.data() + from, count, 0.0f);
    for (int64_t row = 0; row < rows; row++) addTo(sums.data() + from, x.data() + row * columns + from, count);
  });
}

// ---- CxrAttention: query [batch · rows, dim], keyValue [batch · sources, 2 · dim], key → mixed [batch · rows, dim], weights -------

/** A head of one sample: where its rows lie in query and keyValue. */
struct Head {
  int64_t batch, head, heads, rows, sources, dim;
  int64_t width() const { return dim / heads; }
  /** Sources rounded up, so that a row of a tile is whole vectors. */
  int64_t padded() const { return (sources + wide - 1) / wide * wide; }
  /** Floats of a tile of rows by sources, of the transposed sources, and of a mask. */
  int64_t room() const { return width() * padded() + 2 * rows * padded(); }
  int64_t queryAt(int64_t row) const { return (batch * rows + row) * dim + head * width(); }
  int64_t keyAt(int64_t source) const { return (batch * sources + source) * 2 * dim + head * width(); }
  int64_t valueAt(int64_t source) const { return keyAt(source) + dim; }
  int64_t weightAt(int64_t row) const { return ((batch * heads + head) * rows + row) * sources; }
  /** Of all heads of a sample on one thread, about. */
  double nanoseconds() const { return static_cast<double>(rows * padded()) * (0.2 * static_cast<double>(dim) + 4.0 * heads); }
};

/** to[i] += factor · x[i]. */
INLINED void addScaled(float* __restrict to, float factor, const float* __restrict x, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] += factor * x[i];
}

/** products[row, source] = a[row] · b[source], by the transposed b, whose rows are 2 · dim apart. */
INLINED void tileOfProducts(const Head& at, const float* a, const float* b, float* transposed, float* products) {
  const int64_t padded = at.padded(), width = at.width();
  std::fill_n(transposed, width * padded, 0.0f);
  for (int64_t source = 0; source < at.sources; source++)
    for (int64_t i = 0; i < width; i++) transposed[i * padded + source] = b[source * 2 * at.dim + i];
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

VECTORISED void attend(const Head& at, const Mask& mask, const float* query, const float* keyValue, float* mixed,
                       float* weights, float* room) {
  const int64_t padded = at.padded(), width = at.width();
  float *transposed = room, *scores = transposed + width * padded, *kept = scores + at.rows * padded;
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  tileOfProducts(at, query + at.queryAt(0), keyValue + at.keyAt(0), transposed, scores);
  if (mask.limit > 0) fillMask(mask, at.weightAt(0), at.weightAt(at.rows), kept);
  for (int64_t row = 0; row < at.rows; row++) {
    float *weight = weights + at.weightAt(row), *score = scores + row * padded;
    float most = -INFINITY, sum = 0;
    for (int64_t s = 0; s < at.sources; s++) most = std::max(most, score[s] * scale);
    for (int64_t s = 0; s < padded; s++) score[s] = exponential(score[s] * scale - most);
    for (int64_t s = 0; s < at.sources; s++) sum += score[s];
    for (int64_t s = 0; s < at.sources; s++) weight[s] = score[s] = score[s] / sum;
    if (mask.limit > 0)
      for (int64_t s = 0; s < at.sources; s++) score[s] *= kept[row * at.sources + s];
    float* to = mixed + at.queryAt(row);
    for (int64_t i = 0; i < width; i++) to[i] = 0;
    for (int64_t s = 0; s < at.sources; s++) addScaled(to, score[s], keyValue + at.valueAt(s), width);
  }
}

void attention(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const auto* attributes = static_cast<Attributes*>(made);
  const int64_t heads = attributes->heads;
  const Tensor query = call.input(0), keyValue = call.input(1), key = call.input(2);
  const int64_t batch = attributes->batch;
  if (!call.expect(query.rank() == 2 && keyValue.rank() == 2 && query.dim(0) % batch == 0 && keyValue.dim(0) % batch == 0 &&
                       keyValue.dim(1) == 2 * query.dim(1) && query.dim(1) % heads == 0 && key.size() == 4,
                   "CxrAttention: expected query [batch * rows, dim] and keyValue [batch * sources, 2 dim]"))
    return;
  const Head first{0, 0, heads, query.dim(0) / batch, keyValue.dim(0) / batch, query.dim(1)};
  const Tensor mixed = call.output(0, query.shape()), weights = call.output(1, {batch, heads, first.rows, first.sources});
  const Mask mask(key.words(), attributes->number);
  spread(batch, first.nanoseconds(), [&](int64_t sample) {
    std::vector<float> room(first.room());
    for (Head at = first; at.head < heads; at.head++) {
      at.batch = sample;
      attend(at, mask, query.data(), keyValue.data(), mixed.data(), weights.data(), room.data());
    }
  });
}

// ---- CxrAttentionGrad: dmixed, query, keyValue, weights, key → dquery, dkeyValue --------------------------------------------------

VECTORISED void attendGrad(const Head& at, const Mask& mask, const float* dmixed, const float* query, const float* keyValue,
                           const float* weights, float* dquery, float* dkeyValue, float* room) {
  const int64_t padded = at.padded(), width = at.width();
  float *transposed = room, *slopes = transposed + width * padded, *kept = slopes + at.rows * padded;
  const float scale = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  tileOfProducts(at, dmixed + at.queryAt(0), keyValue + at.valueAt(0), transposed, slopes);
  if (mask.limit > 0)
    fillMask(mask, at.weightAt(0), at.weightAt(at.rows), kept);
  else
    std::fill_n(kept, at.rows * at.sources, 1.0f);
  for (int64_t s = 0; s < at.sources; s++)
    for (int64_t i = 0; i < width; i++) dkeyValue[at.keyAt(s) + i] = dkeyValue[at.valueAt(s) + i] = 0;
  for (int64_t row = 0; row < at.rows; row++) {
    const float *weight = weights + at.weightAt(row), *keep = kept + row * at.sources;
    const float *from = query + at.queryAt(row), *dfrom = dmixed + at.queryAt(row);
    float *slope = slopes + row * padded, *to = dquery + at.queryAt(row);
    float along = 0;
    for (int64_t s = 0; s < at.sources; s++) slope[s] *= keep[s];
    for (int64_t s = 0; s < at.sources; s++) along += slope[s] * weight[s];
    for (int64_t i = 0; i < width; i++) to[i] = 0;
    for (int64_t s = 0; s < at.sources; s++) {
      const float ofScore = weight[s] * (slope[s] - along) * scale, ofValue = weight[s] * keep[s];
      addScaled(to, ofScore, keyValue + at.keyAt(s), width);
      addScaled(dkeyValue + at.keyAt(s), ofScore, from, width);
      addScaled(dkeyValue + at.valueAt(s), ofValue, dfrom, width);
    }
  }
}

void attentionGrad(void* made, TF_OpKernelContext* context) {
  Call call(context);
  const auto* attributes = static_cast<Attributes*>(made);
  const int64_t heads = attributes->heads;
  const Tensor dmixed = call.input(0), query = call.input(1), keyValue = call.input(2), weights = call.input(3),
               key = call.input(4);
  const int64_t batch = attributes->batch;
  const Head first{0, 0, heads, query.dim(0) / batch, keyValue.dim(0) / batch, query.dim(1)};
  if (!call.expect(dmixed.size() == query.size() && weights.size() == batch * heads * first.rows * first.sources &&
                       key.size() == 4,
                   "CxrAttentionGrad: expected sizes of one another"))
    return;
  const Tensor dquery = call.output(0, query.shape()), dkeyValue = call.output(1, keyValue.shape());
  const Mask mask(key.words(), attributes->number);
  spread(batch, 2 * first.nanoseconds(), [&](int64_t sample) {
    std::vector<float> room(first.room());
    for (Head at = first; at.head < heads; at.head++) {
      at.batch = sample;
      attendGrad(at, mask, dmixed.data(), query.data(), keyValue.data(), weights.data(), dquery.data(), dkeyValue.data(),
                 room.data());
    }
  });
}

// ---- CxrSoftmax: x → y over the last axis ---------------------------------------------------------------------------------------
// TensorFlow has two, one where it runs an operation alone and one in a function, and they differ in the last bit.

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

void softmax(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor x = call.input(0);
  if (!call.expect(x.rank() > 0, "CxrSoftmax: expected a tensor of one axis or more")) return;
  const int64_t width = x.dim(-1), rows = width == 0 ? 0 : x.size() / width;
  const Tensor y = call.output(0, x.shape());
  eachRows(rows, width, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) softmaxRow(x.data() + row * width, y.data() + row * width, width);
  });
}

// ---- CxrHash: x → four numbers of 16 bits that its bits decide -------------------------------------------------------------------

void hash(void*, TF_OpKernelContext* context) {
  Call call(context);
  const Tensor x = call.input(0);
  const int64_t pieces = (x.size() + pieceSize - 1) / pieceSize;
  // FNV-1a, a word at a time.
  const auto take = [](uint64_t sum, uint64_t word) { return (sum ^ word) * 0x100000001b3u; };
  std::vector<uint64_t> sums(pieces, 0xcbf29ce484222325u);
  spread(pieces, static_cast<double>(pieceSize), [&](int64_t piece) {
    for (int64_t i = piece * pieceSize; i < std::min(x.size(), (piece + 1) * pieceSize); i++) {
      uint32_t word;
      std::memcpy(&word, x.data() + i, sizeof word);
      sums[piece] = take(sums[piece], word);
    }
  });
  uint64_t all = 0xcbf29ce484222325u;
  for (const uint64_t one : sums) all = take(all, one);
  const Tensor parts = call.output(0, {4});
  for (int i = 0; i < 4; i++) parts.data()[i] = static_cast<float>((all >> (16 * i)) & 0xffff);
}

// ---- CxrAdamW: numbers, rates, decays, and weight, first, second, gradient of each variable → the length of the gradient -----------

/** What one step has for all entries of a variable. */
struct Update {
  float shrink, beta1, beta2, eps, rate, decay, root;
};

VECTORISED void adamW(const Update& with, float* __restrict weight, float* __restrict first, float* __restrict second,
                      const float* __restrict gradient, int64_t count) {
  const float shrink = with.shrink, beta1 = with.beta1, beta2 = with.beta2, fresh1 = 1 - beta1, fresh2 = 1 - beta2;
  const float eps = with.eps, rate = with.rate, decay = with.decay, root = with.root;
  for (int64_t i = 0; i < count; i++) {
    const float slope = gradient[i] * shrink;
    const float m = first[i] * beta1 + slope * fresh1;
    const float v = second[i] * beta2 + slope * slope * fresh2;
    first[i] = m;
    second[i] = v;
    weight[i] -= weight[i] * decay + rate * m / (std::sqrt(v) * root + eps);
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
  const double entries = static_cast<double>(pieceSize);
  spread(count, 0.3 * entries, [&](int64_t i) {
    const Piece& piece = pieces[i];
    squares[i] = squaresAround(tensors[4 * piece.variable + 3].data() + piece.begin, 0, piece.end - piece.begin);
  });
  double total = 0;
  for (double one : squares) total += one;
  const float* number = numbers.data();
  const double length = std::sqrt(total), most = number[0];
  const float shrink = static_cast<float>(most > 0 ? std::min(1.0, most / (length + 1e-6)) : 1.0);
  spread(count, entries, [&](int64_t i) {
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
const char* const ofAttention[] = {"rate", "heads", "batch", nullptr};

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
         add("CxrHidden", {"rate: float"}, {"product: float", "bias: float", "key: int32"}, {"y: float"}, create<rateAlone>,
             hidden) &&
         add("CxrHiddenGrad", {"rate: float"}, {"dy: float", "y: float"}, {"dproduct: float", "dbias: float"},
             create<rateAlone>, hiddenGrad) &&
         add("CxrLayerNorm", {"eps: float"}, {"x: float", "scale: float", "shift: float"}, {"y: float", "statistics: float"},
             create<epsAlone>, layerNorm) &&
         add("CxrLayerNormGrad", {}, {"dy: float", "x: float", "statistics: float", "scale: float"},
             {"dx: float", "dscale: float", "dshift: float"}, create<none>, layerNormGrad) &&
         add("CxrColumnSums", {}, {"x: float"}, {"sums: float"}, create<none>, columnSums) &&
         add("CxrSoftmax", {}, {"x: float"}, {"y: float"}, create<none>, softmax) &&
         add("CxrHash", {}, {"x: float"}, {"parts: float"}, create<none>, hash) &&
         add("CxrAttention", {"rate: float", "heads: int >= 1", "batch: int >= 1"}, {"query: float", "key_value: float", "key: int32"},
             {"mixed: float", "weights: float"}, create<ofAttention>, attention) &&
         add("CxrAttentionGrad", {"rate: float", "heads: int >= 1", "batch: int >= 1"},
             {"dmixed: float", "query: float", "key_value: float", "weights: float", "key: int32"},
             {"dquery: float", "dkey_value: float"}, create<ofAttention>, attentionGrad) &&
         add("CxrAdamW", {"count: int >= 0"}, {"numbers: float", "rates: float", "decays: float", "tensors: count * float"},
             {"length: float"}, create<none>, adamWAll);
}();

}  // namespace
