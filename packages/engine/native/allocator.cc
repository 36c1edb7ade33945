// A training step allocates and frees gigabytes. By default glibc maps large blocks anew each time, and the kernel clears every page
// of them; with these settings freed memory stays with the process and is reused. The environment's own settings take precedence.
#include <cstdlib>
#if defined(__GLIBC__)
#include <initializer_list>
#include <malloc.h>
namespace {
[[maybe_unused]] const bool set = [] {
  for (const char* name : {"MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"})
    if (std::getenv(name)) return false;
  return mallopt(M_MMAP_MAX, 0) && mallopt(M_TRIM_THRESHOLD, -1) && mallopt(M_ARENA_MAX, 1);
}();
}
#endif
