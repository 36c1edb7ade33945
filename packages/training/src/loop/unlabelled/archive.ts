import type { ModelInputs } from '@cxr-align/classifier';
import { RandomStream } from '@cxr-align/random';

/** Images without labels that are trained on. */
export interface Archive {
  inputs: ModelInputs;
  /** Which inputs they are. */
  samples: readonly number[];
  /** [inputs, labels] row by row: 1, 0, NaN, where their labels are known after all; they only count how many pseudo-labels are right. */
  truth?: Float32Array;
}

/** Draws batches from an archive: all of its images in a random order, then again in another. */
export class ArchiveOrder {
  private drawn?: { pass: number; order: Uint32Array };

  constructor(
    private readonly images: readonly number[],
    private readonly seed: number,
  ) {}

  /**
   * A batch.
   *
   * @param place counts the batches.
   * @param size images of each batch.
   * @returns its images, and how often all had been drawn when it began.
   */
  batch(place: number, size: number): { samples: number[]; pass: number } {
    const { images } = this;
    const first = place * size;
    const samples = Array.from({ length: size }, (_, i) => {
      const at = first + i;
      return images[this.orderOf(Math.floor(at / images.length))[at % images.length]];
    });
    return { samples, pass: Math.floor(first / images.length) };
  }

  private orderOf(pass: number): Uint32Array {
    if (this.drawn?.pass !== pass) {
      const order = new RandomStream({ seed: this.seed, purpose: 'archive', epoch: pass }).permutation(
        this.images.length,
      );
      this.drawn = { pass, order };
    }
    return this.drawn.order;
  }
}
