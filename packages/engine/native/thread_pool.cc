#include "thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace cxr {

namespace {

int threadCount() {
  const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int count = asked ? std::atoi(asked) : static_cast<int>(std::thread::hardware_concurrency());
  return std::min(std::max(count, 1), 16);
}

/** Worker threads. Never destroyed: the end of the process would wait for them. */
class Pool {
 public:
  static Pool& get() {
    static Pool* pool = new Pool(threadCount());
    return *pool;
  }

  /** Runs each of `count` chunks once; results do not depend on which thread runs which. */
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
    runChunks(work, count);
    // Threads that have not woken by now are not waited for: another program may have the processor.
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
      runChunks(*work, count);
      std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void runChunks(const std::function<void(int64_t)>& work, int64_t count) {
    for (int64_t i; (i = next_.fetch_add(1)) < count;) work(i);
  }

  const int helpers_;
  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  /** The current work; null between two calls. */
  const std::function<void(int64_t)>* work_ = nullptr;
  int64_t count_ = 0, round_ = 0;
  std::atomic<int64_t> next_{0};
  /** Helpers that are working. */
  int busy_ = 0;
};

/** Work below this many nanoseconds runs on the calling thread: TensorFlow's own threads may still be spinning. */
constexpr double threadThreshold = 2e5;

}  // namespace

void parallelFor(int64_t count, double nanoseconds, const std::function<void(int64_t)>& work) {
  if (static_cast<double>(count) * nanoseconds >= threadThreshold)
    Pool::get().each(count, work);
  else
    for (int64_t i = 0; i < count; i++) work(i);
}

void parallelRows(int64_t rows, int64_t width, double nanoseconds, const std::function<void(int64_t, int64_t)>& work) {
  const int64_t step = std::max<int64_t>(1, chunkSize / 2 / std::max<int64_t>(1, width));
  parallelFor((rows + step - 1) / step, static_cast<double>(step * width) * nanoseconds,
              [&](int64_t i) { work(i * step, std::min(rows, (i + 1) * step)); });
}

}  // namespace cxr
