// Keeps signals off the threads that multiply matrices. oneDNN's sgemm makes a block of the heap its stack while it works, from 128
// terms of a sum on, so the frame of a signal handler lands on whatever lies below that block. SIGWINCH, which
// a terminal sends when it is resized, and a profiler's SIGPROF have been seen to end a process with "corrupted size vs. prev_size";
// every other signal that has a handler, such as SIGCHLD, would do.
//
// The thread that loads the binding blocks signals, and so do those that TensorFlow starts from it. Another thread takes them: the
// handlers of libuv write to a pipe and do not mind which thread they are on. V8 sends SIGPROF to the thread that it samples, and
// asks for the alternate stack, which is set up here.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

namespace {

void* Take(void*) {
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  for (;;) pause();
}

void GiveAlternateStack() {
  stack_t now;
  if (sigaltstack(nullptr, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return;
  // A frame has 12 KiB where there is AVX-512 and AMX, and V8 walks the stack in its handler.
  const size_t size = 256 << 10;
  stack_t stack = {};
  stack.ss_sp = std::malloc(size);
  stack.ss_size = size;
  if (stack.ss_sp) sigaltstack(&stack, nullptr);
}

const bool done = [] {
  GiveAlternateStack();
  pthread_t taker;
  if (pthread_create(&taker, nullptr, Take, nullptr) != 0) return false;
  pthread_detach(taker);
  sigset_t blocked;
  sigfillset(&blocked);
  // What a thread brings upon itself comes to it alone.
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF}) sigdelset(&blocked, own);
  return pthread_sigmask(SIG_BLOCK, &blocked, nullptr) == 0;
}();

}  // namespace
