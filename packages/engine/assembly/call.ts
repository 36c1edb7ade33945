// How a kernel is called: what the program writes into the block of memory that it shares with its threads.

/** Words of the block; the arguments of the call follow them. */
export enum Word {
  /** Counts the calls; threads wait for it to change. */
  generation,
  /** 1 while chunks may be claimed. */
  open,
  /** The next chunk that no thread has claimed. */
  next,
  /** How many chunks there are. */
  chunks,
  /** Which kernel. */
  kernel,
  /** Threads that are working. */
  busy,
  /** Where the scratch memory of the threads begins, and how many bytes each has. */
  scratch,
  scratchBytes,
  /** Where arguments begin: a cache line further, so that counting chunks does not evict them. */
  arguments = 32,
}

/** The kernels. */
export enum Kernel {
  packLeft,
  packRight,
  multiply,
  multiplySmall,
  convolve,
  convolutionFilterGradient,
  convolutionInputGradient,
  dropout,
  biasReluDropout,
  biasReluDropoutGradient,
  layerNorm,
  layerNormGradient,
  columnSums,
  attention,
  attentionGradient,
  squares,
  adamW,
  entryLosses,
}

/** The losses that {@link Kernel.entryLosses} computes. */
export enum EntryLoss {
  binaryCrossEntropy,
  focal,
  asymmetric,
  robustAsymmetric,
  distributionBalanced,
}
