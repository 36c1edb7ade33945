// The threads that the kernels share.
#pragma once

#include <cstdint>
#include <functional>

namespace cxr {

/** Entries of one chunk of a long array; sums do not depend on the number of threads. */
constexpr int64_t chunkSize = 1 << 16;

/**
 * Runs `work(i)` for each i < `count`, on several threads where the total is worth waking them.
 *
 * @param nanoseconds the approximate time of one call on one thread.
 */
void parallelFor(int64_t count, double nanoseconds, const std::function<void(int64_t)>& work);

/** Runs `work(begin, end)` over `rows` of `width` entries in chunks of whole rows. @param nanoseconds the time of one entry. */
void parallelRows(int64_t rows, int64_t width, double nanoseconds, const std::function<void(int64_t, int64_t)>& work);

}  // namespace cxr
