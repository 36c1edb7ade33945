// An addon of its own, without TensorFlow: buffers what the process writes to its standard error while TensorFlow is loaded.
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace {

int buffer = -1;
int original = -1;

// start(): from here on standard error is written to memory. Does nothing where memory cannot be had.
napi_value Start(napi_env, napi_callback_info) {
  if (buffer >= 0) return nullptr;
  const int memory = memfd_create("stderr", MFD_CLOEXEC);
  if (memory < 0) return nullptr;
  original = dup(STDERR_FILENO);
  if (original < 0 || dup2(memory, STDERR_FILENO) < 0) {
    close(memory);
    if (original >= 0) close(original);
    return nullptr;
  }
  buffer = memory;
  return nullptr;
}

// stop(): string, what was written since start(); standard error is restored.
napi_value Stop(napi_env env, napi_callback_info) {
  std::string text;
  if (buffer >= 0) {
    dup2(original, STDERR_FILENO);
    close(original);
    lseek(buffer, 0, SEEK_SET);
    char part[4096];
    for (ssize_t size; (size = read(buffer, part, sizeof part)) > 0;) text.append(part, size);
    close(buffer);
    buffer = original = -1;
  }
  napi_value result;
  return napi_create_string_utf8(env, text.data(), text.size(), &result) == napi_ok ? result : nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  napi_value start, stop;
  if (napi_create_function(env, "start", NAPI_AUTO_LENGTH, Start, nullptr, &start) != napi_ok ||
      napi_create_function(env, "stop", NAPI_AUTO_LENGTH, Stop, nullptr, &stop) != napi_ok)
    return nullptr;
  napi_set_named_property(env, exports, "start", start);
  napi_set_named_property(env, exports, "stop", stop);
  return exports;
}

}  // namespace

NAPI_MODULE(stderr_buffer, Init)
