// What every kernel is written with: its tensors, its call, its attributes and its registration.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "tensorflow_kernels.h"

namespace cxr {

/** A tensor of a kernel, released at the end of its scope. */
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
  /** Fails the call with `what` unless `fits`. @returns `fits`. */
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

/** The attributes that a kernel was created with. */
struct Attributes {
  float rate = 0, eps = 0;
  int32_t heads = 1, batch = 1;
};

/** Reads the attributes of a node. The caller owns the result, an Attributes. */
void* createAttributes(TF_OpKernelConstruction* construction);

/** What TensorFlow calls to run a kernel. */
template <void (*compute)(const Attributes&, Call&)>
void runKernel(void* attributes, TF_OpKernelContext* context) {
  Call call(context);
  compute(*static_cast<const Attributes*>(attributes), call);
}

/**
 * Registers an operation and its CPU kernel. Attributes, inputs and outputs are written as in TensorFlow's op definitions
 * (`name: type`); src/kernels/tensorflow/native-ops.ts has the same list, and a test compares the two.
 *
 * @returns whether TensorFlow accepted them.
 */
bool registerOp(const char* name, std::initializer_list<const char*> attributes, std::initializer_list<const char*> inputs,
                std::initializer_list<const char*> outputs, void (*run)(void*, TF_OpKernelContext*));

}  // namespace cxr
