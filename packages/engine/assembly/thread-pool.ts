// The threads that share the runChunk of a call. Each claims the next chunk; results do not depend on which thread computes which. A
// thread that has not woken when no chunk is left is not waited for: another program may have the processor.
import { takeArguments } from './arguments';
import { Kernel, Word } from './call';
import { adamW, squares } from './adamw';
import { attention, attentionGradient } from './attention';
import { convolutionFilterGradient, convolutionInputGradient, convolve } from './convolutions';
import { biasReluDropout, biasReluDropoutGradient, columnSums, dropout } from './elementwise';
import { entryLosses } from './entry-losses';
import { layerNorm, layerNormGradient } from './layer-norm';
import { multiply, multiplySmall, packLeft, packRight } from './products';

/** How often a thread checks for the next call before it sleeps: some tens of microseconds. */
const spins = 20_000;

@inline
function word(block: usize, which: Word): usize {
  return block + (<usize>which << 2);
}

function runChunk(kernel: Kernel, chunk: i32, scratch: usize): void {
  switch (kernel) {
    case Kernel.packLeft:
      packLeft(chunk);
      break;
    case Kernel.packRight:
      packRight(chunk);
      break;
    case Kernel.multiply:
      multiply(chunk, scratch);
      break;
    case Kernel.multiplySmall:
      multiplySmall(chunk, scratch);
      break;
    case Kernel.convolve:
      convolve(chunk, scratch);
      break;
    case Kernel.convolutionFilterGradient:
      convolutionFilterGradient(chunk, scratch);
      break;
    case Kernel.convolutionInputGradient:
      convolutionInputGradient(chunk, scratch);
      break;
    case Kernel.dropout:
      dropout(chunk, scratch);
      break;
    case Kernel.biasReluDropout:
      biasReluDropout(chunk, scratch);
      break;
    case Kernel.biasReluDropoutGradient:
      biasReluDropoutGradient(chunk);
      break;
    case Kernel.layerNorm:
      layerNorm(chunk);
      break;
    case Kernel.layerNormGradient:
      layerNormGradient(chunk);
      break;
    case Kernel.columnSums:
      columnSums(chunk);
      break;
    case Kernel.attention:
      attention(chunk, scratch);
      break;
    case Kernel.attentionGradient:
      attentionGradient(chunk, scratch);
      break;
    case Kernel.squares:
      squares(chunk);
      break;
    case Kernel.adamW:
      adamW(chunk);
      break;
    case Kernel.entryLosses:
      entryLosses(chunk, scratch);
      break;
  }
}

/** Claims and runs chunks until none is left. */
function runChunks(block: usize, thread: i32): void {
  takeArguments(word(block, Word.arguments));
  const scratch = <usize>load<u32>(word(block, Word.scratch)) + <usize>thread * <usize>load<u32>(word(block, Word.scratchBytes));
  const kernel = load<i32>(word(block, Word.kernel));
  const chunks = load<i32>(word(block, Word.chunks));
  for (
    let chunk = atomic.add<i32>(word(block, Word.next), 1);
    chunk < chunks;
    chunk = atomic.add<i32>(word(block, Word.next), 1)
  )
    runChunk(kernel, chunk, scratch);
}

/** Runs the call that the block holds, on this thread alone. */
export function alone(block: usize): void {
  atomic.store<i32>(word(block, Word.next), 0);
  runChunks(block, 0);
}

/** Runs the call that the block holds, together with the threads that {@link serve}. */
export function lead(block: usize): void {
  atomic.store<i32>(word(block, Word.next), 0);
  atomic.store<i32>(word(block, Word.open), 1);
  atomic.add<i32>(word(block, Word.generation), 1);
  atomic.notify(word(block, Word.generation), -1);
  runChunks(block, 0);
  // A thread that counts itself as busy from here on finds the call closed; one that did before is waited for.
  atomic.store<i32>(word(block, Word.open), 0);
  for (let i = 0; ; i++) {
    const busy = atomic.load<i32>(word(block, Word.busy));
    if (busy == 0) return;
    if (i > spins) atomic.wait<i32>(word(block, Word.busy), busy, 1_000_000);
  }
}

/** Serves calls for ever. @param thread its number, from 1 on. */
export function serve(block: usize, thread: i32): void {
  let seen = 0;
  for (;;) {
    let generation = atomic.load<i32>(word(block, Word.generation));
    for (let i = 0; generation == seen && i < spins; i++) generation = atomic.load<i32>(word(block, Word.generation));
    if (generation == seen) {
      atomic.wait<i32>(word(block, Word.generation), seen, 1_000_000_000);
      continue;
    }
    seen = generation;
    atomic.add<i32>(word(block, Word.busy), 1);
    if (atomic.load<i32>(word(block, Word.open))) runChunks(block, thread);
    atomic.sub<i32>(word(block, Word.busy), 1);
    atomic.notify(word(block, Word.busy), 1);
  }
}
