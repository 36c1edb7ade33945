// An addon of its own, without TensorFlow: it holds what the process writes to its standard error while TensorFlow is loaded.
#include <node_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace {

int held = -1;
int original = -1;

// hold(): from here on what is written goes into memory. Does nothing where that cannot be had.
napi_value Hold(napi_env, napi_callback_info) {
  if (held >= 0) return nullptr;
  const int memory = memfd_create("stderr", MFD_CLOEXEC);
  if (memory < 0) return nullptr;
  original = dup(STDERR_FILENO);
  if (original < 0 || dup2(memory, STDERR_FILENO) < 0) {
    close(memory);
    if (original >= 0) close(original);
    return nullptr;
  }
  held = memory;
  return nullptr;
}

// release(): string, what was written since hold(); the standard error is what it was.
napi_value Release(napi_env env, napi_callback_info) {
  std::string text;
  if (held >= 0) {
    dup2(original, STDERR_FILENO);
    close(original);
    lseek(held, 0, SEEK_SET);
    char part[4096];
    for (ssize_t size; (size = read(held, part, sizeof part)) > 0;) text.append(part, size);
    close(held);
    held = original = -1;
  }
  napi_value result;
  return napi_create_string_utf8(env, text.data(), text.size(), &result) == napi_ok ? result : nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  napi_value hold, release;
  if (napi_create_function(env, "hold", NAPI_AUTO_LENGTH, Hold, nullptr, &hold) != napi_ok ||
      napi_create_function(env, "release", NAPI_AUTO_LENGTH, Release, nullptr, &release) != napi_ok)
    return nullptr;
  napi_set_named_property(env, exports, "hold", hold);
  napi_set_named_property(env, exports, "release", release);
  return exports;
}

}  // namespace

NAPI_MODULE(held_stderr, Init)
