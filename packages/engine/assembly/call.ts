// How a kernel is called: what the program writes into the block of memory that it shares with its threads.

/** Words of the block; the arguments of the call follow them. */
export enum Word {
  /** Counts the calls; threads wait for it to change. */
  round,
  /** 1 while pieces may be taken. */
  open,
  /** The next piece that nobody has taken. */
  next,
  /** How many pieces there are. */
  pieces,
  /** Which kernel. */
  kernel,
  /** Threads that are at it. */
  busy,
  /** Where the threads' own memory begins, and how many bytes each has. */
  room,
  roomBytes,
  /** Where arguments begin: a cache line further, so that counting pieces does not disturb who reads them. */
  arguments = 32,
}

/** What can be called. */
export enum Kernel {
  packLeft,
  packRight,
  multiply,
  multiplySmall,
  convolve,
  convolutionFilterGradient,
  convolutionInputGradient,
  dropout,
  hidden,
  hiddenGradient,
  layerNorm,
  layerNormGradient,
  columnSums,
  attention,
  attentionGradient,
  squares,
  adamW,
}
