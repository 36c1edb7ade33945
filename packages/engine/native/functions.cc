// Functions: many operations that TensorFlow runs as one. JavaScript describes them as a graph; what is run by the function's name
// afterwards is one call of the binding, however many operations it has.
#include <dlfcn.h>
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"

namespace cxr {

// That of the binding, which sets it.
TFE_Context* context = nullptr;

namespace {

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

// The arguments of a call from JavaScript, and what went wrong with it; after that all is empty.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env), status_(TF_NewStatus(), TF_DeleteStatus) {
    size_t count = 4;
    expect(napi_get_cb_info(env, info, &count, values_, nullptr, nullptr), "arguments");
  }

  TF_Status* status() { return status_.get(); }

  bool ok() {
    if (error_.empty() && TF_GetCode(status()) != TF_OK) error_ = TF_Message(status());
    return error_.empty();
  }

  std::string text(int argument) { return textOf(values_[argument]); }

  Owned<TF_Buffer> bytes(int argument) {
    void* data = nullptr;
    size_t size = 0;
    expect(napi_get_typedarray_info(env_, values_[argument], nullptr, &size, &data, nullptr, nullptr), "bytes");
    return Owned<TF_Buffer>(TF_NewBufferFromString(data, size), TF_DeleteBuffer);
  }

  // Places in a graph: names of operations and numbers of their outputs in turns.
  std::vector<TF_Output> places(int argument, TF_Graph* graph) {
    uint32_t length = 0;
    expect(napi_get_array_length(env_, values_[argument], &length), "a list of places");
    std::vector<TF_Output> places;
    for (uint32_t i = 0; i + 1 < length && error_.empty(); i += 2) {
      napi_value name = nullptr, index = nullptr;
      expect(napi_get_element(env_, values_[argument], i, &name), "a name");
      expect(napi_get_element(env_, values_[argument], i + 1, &index), "a number");
      const std::string wanted = textOf(name);
      TF_Output place{TF_GraphOperationByName(graph, wanted.c_str()), 0};
      expect(napi_get_value_int32(env_, index, &place.index), "a number");
      if (!place.oper) error_ = "no operation " + wanted;
      places.push_back(place);
    }
    return places;
  }

  napi_value done() {
    if (!ok()) napi_throw_error(env_, nullptr, ("engine/functions: " + error_).c_str());
    return nullptr;
  }

 private:
  void expect(napi_status got, const char* what) {
    if (got != napi_ok && error_.empty()) error_ = std::string("expected ") + what;
  }

  std::string textOf(napi_value value) {
    size_t size = 0;
    expect(napi_get_value_string_utf8(env_, value, nullptr, 0, &size), "a text");
    std::string text(size, '\0');
    if (size > 0) napi_get_value_string_utf8(env_, value, &text[0], size + 1, &size);
    return text;
  }

  napi_env env_;
  Owned<TF_Status> status_;
  napi_value values_[4] = {};
  std::string error_;
};

// addFunction(name, graph: Uint8Array of a GraphDef, inputs, outputs): the function can be run by its name.
napi_value Add(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string name = call.text(0);
  const Owned<TF_Buffer> described = call.bytes(1);
  if (!call.ok()) return call.done();
  const Owned<TF_Graph> graph(TF_NewGraph(), TF_DeleteGraph);
  const Owned<TF_ImportGraphDefOptions> options(TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  TF_GraphImportGraphDef(graph.get(), described.get(), options.get(), call.status());
  if (!call.ok()) return call.done();
  const auto inputs = call.places(2, graph.get());
  const auto outputs = call.places(3, graph.get());
  if (!call.ok()) return call.done();
  const Owned<TF_Function> function(
      TF_GraphToFunction(graph.get(), name.c_str(), 0, -1, nullptr, static_cast<int>(inputs.size()), inputs.data(),
                         static_cast<int>(outputs.size()), outputs.data(), nullptr, nullptr, nullptr, call.status()),
      TF_DeleteFunction);
  if (call.ok()) TFE_ContextAddFunction(context, function.get(), call.status());
  return call.done();
}

// removeFunction(name)
napi_value Remove(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string name = call.text(0);
  if (call.ok()) TFE_ContextRemoveFunction(context, name.c_str(), call.status());
  return call.done();
}

// tensorFloat32(on?): switches TF32 on or off for products that TensorFlow or XLA starts from now on, as
// tf.config.experimental.enable_tensor_float_32_execution does in Python; there is no C symbol. Returns whether it was on, and
// nothing where the library has no such switch.
napi_value TensorFloat32(napi_env env, napi_callback_info info) {
  using Set = void (*)(bool);
  using Get = bool (*)();
  static const Set set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "_ZN3tsl32enable_tensor_float_32_executionEb"));
  static const Get get = reinterpret_cast<Get>(dlsym(RTLD_DEFAULT, "_ZN3tsl33tensor_float_32_execution_enabledEv"));
  if (!set || !get) return nullptr;
  const bool was = get();
  size_t count = 1;
  napi_value argument = nullptr, result = nullptr;
  bool on = false;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count > 0 && napi_get_value_bool(env, argument, &on) == napi_ok) set(on);
  napi_get_boolean(env, was, &result);
  return result;
}

}  // namespace

void AddFunctions(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"addFunction", nullptr, Add, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"removeFunction", nullptr, Remove, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"tensorFloat32", nullptr, TensorFloat32, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 3, properties);
}

}  // namespace cxr
