// Threads that share the work of a call. Each takes the next piece that nobody has; which thread does which says nothing about
// the result. Who has not come when no piece is left is not waited for: another program may have the processor.
import { takeArguments } from './arguments';
import { Kernel, Word } from './call';
import { adamW, squares } from './adamw';
import { attention, attentionGradient } from './attention';
import { convolutionFilterGradient, convolutionInputGradient, convolve } from './convolutions';
import { columnSums, dropout, hidden, hiddenGradient } from './elementwise';
import { layerNorm, layerNormGradient } from './layer-norm';
import { multiply, multiplySmall, packLeft, packRight } from './products';

/** How often a thread looks for the next call before it goes to sleep: some tens of microseconds. */
const looks = 20_000;

@inline
function word(block: usize, which: Word): usize {
  return block + (<usize>which << 2);
}

function work(kernel: Kernel, piece: i32, room: usize): void {
  switch (kernel) {
    case Kernel.packLeft:
      packLeft(piece);
      break;
    case Kernel.packRight:
      packRight(piece);
      break;
    case Kernel.multiply:
      multiply(piece, room);
      break;
    case Kernel.multiplySmall:
      multiplySmall(piece, room);
      break;
    case Kernel.convolve:
      convolve(piece, room);
      break;
    case Kernel.convolutionFilterGradient:
      convolutionFilterGradient(piece, room);
      break;
    case Kernel.convolutionInputGradient:
      convolutionInputGradient(piece, room);
      break;
    case Kernel.dropout:
      dropout(piece, room);
      break;
    case Kernel.hidden:
      hidden(piece, room);
      break;
    case Kernel.hiddenGradient:
      hiddenGradient(piece);
      break;
    case Kernel.layerNorm:
      layerNorm(piece);
      break;
    case Kernel.layerNormGradient:
      layerNormGradient(piece);
      break;
    case Kernel.columnSums:
      columnSums(piece);
      break;
    case Kernel.attention:
      attention(piece, room);
      break;
    case Kernel.attentionGradient:
      attentionGradient(piece, room);
      break;
    case Kernel.squares:
      squares(piece);
      break;
    case Kernel.adamW:
      adamW(piece);
      break;
  }
}

/** Takes pieces until none is left. */
function take(block: usize, thread: i32): void {
  takeArguments(word(block, Word.arguments));
  const room = <usize>load<u32>(word(block, Word.room)) + <usize>thread * <usize>load<u32>(word(block, Word.roomBytes));
  const kernel = load<i32>(word(block, Word.kernel));
  const pieces = load<i32>(word(block, Word.pieces));
  for (
    let piece = atomic.add<i32>(word(block, Word.next), 1);
    piece < pieces;
    piece = atomic.add<i32>(word(block, Word.next), 1)
  )
    work(kernel, piece, room);
}

/** Runs the call that the block holds, on this thread alone. */
export function alone(block: usize): void {
  atomic.store<i32>(word(block, Word.next), 0);
  take(block, 0);
}

/** Runs the call that the block holds, together with the threads that {@link serve}. */
export function lead(block: usize): void {
  atomic.store<i32>(word(block, Word.next), 0);
  atomic.store<i32>(word(block, Word.open), 1);
  atomic.add<i32>(word(block, Word.round), 1);
  atomic.notify(word(block, Word.round), -1);
  take(block, 0);
  // Whoever is counted as busy from here on finds it closed, or was there before and is waited for.
  atomic.store<i32>(word(block, Word.open), 0);
  for (let i = 0; ; i++) {
    const busy = atomic.load<i32>(word(block, Word.busy));
    if (busy == 0) return;
    if (i > looks) atomic.wait<i32>(word(block, Word.busy), busy, 1_000_000);
  }
}

/** Serves calls for ever. @param thread its number, from 1 on. */
export function serve(block: usize, thread: i32): void {
  let seen = 0;
  for (;;) {
    let round = atomic.load<i32>(word(block, Word.round));
    for (let i = 0; round == seen && i < looks; i++) round = atomic.load<i32>(word(block, Word.round));
    if (round == seen) {
      atomic.wait<i32>(word(block, Word.round), seen, 1_000_000_000);
      continue;
    }
    seen = round;
    atomic.add<i32>(word(block, Word.busy), 1);
    if (atomic.load<i32>(word(block, Word.open))) take(block, thread);
    atomic.sub<i32>(word(block, Word.busy), 1);
    atomic.notify(word(block, Word.busy), 1);
  }
}
