/** A pretraining whose embeddings are the same for all images: what it learned is nothing. */
export class CollapseError extends Error {
  override readonly name = 'CollapseError';

  constructor(
    readonly epoch: number,
    /** Mean standard deviation of the dimensions of the embeddings. */
    readonly spread: number,
    least: number,
  ) {
    super(
      `pretraining: the embeddings collapsed in epoch ${epoch}: their standard deviation is ${spread.toPrecision(2)}, below ${least}; lower the learning rate, use larger batches, or raise the weight of the variance`,
    );
  }
}
