// Sums of columns, each by one thread, row after row.
#include <algorithm>
#include <cstdint>

#include "kernel.h"
#include "thread_pool.h"
#include "vectorised.h"

namespace cxr {
namespace {

// CxrColumnSums: x [rows, columns] → sums [columns].

void columnSums(const Attributes&, Call& call) {
  const Tensor x = call.input(0);
  const int64_t columns = x.dim(-1), rows = columns == 0 ? 0 : x.size() / columns;
  const Tensor sums = call.output(0, {columns});
  // In stripes of columns, so that each is summed by one thread, row after row.
  constexpr int64_t stripe = 512;
  parallelFor((columns + stripe - 1) / stripe, static_cast<double>(stripe * rows) * 0.2, [&](int64_t i) {
    const int64_t from = i * stripe, count = std::min(stripe, columns - from);
    std::fill_n(sums.data() + from, count, 0.0f);
    for (int64_t row = 0; row < rows; row++) addTo(sums.data() + from, x.data() + row * columns + from, count);
  });
}

[[maybe_unused]] const bool registered =
    registerOp("CxrColumnSums", {}, {"x: float"}, {"sums: float"}, runKernel<columnSums>);

}  // namespace
}  // namespace cxr
