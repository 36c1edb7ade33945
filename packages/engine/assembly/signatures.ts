// The arguments of each kernel, in order: the one list for both sides. Kernels read an argument by its place here (`whole` or
// `number` of arguments.ts); the program passes arguments by name (`src/kernels/wasm/call.ts`), which has the types.

/** Packing a panel of a product, and multiplying: c = a · b or c += a · b. */
export enum ProductArgs {
  a,
  b,
  c,
  rows,
  columns,
  terms,
  /** 1 where a is stored as its transpose, [terms, rows]; b as [columns, terms]. */
  transposeA,
  transposeB,
  /** Numbers from one row of a, or of b, to the next, as they are stored. */
  strideA,
  strideB,
  /** 1 where c is added to. */
  accumulate,
  /** Where the packed matrix lies. */
  packed,
  /** Panels, rows of a strip, or products of a batch in one chunk. */
  step,
  /** 1 where a is the packed one. */
  leftPacked,
  /** Of a batch: how many, and the numbers from one matrix to the next. */
  batch,
  batchStrideA,
  batchStrideB,
}

/** A convolution of images [batch, height, width, channels], and both its gradients. */
export enum ConvolutionArgs {
  /** Images; their gradient for that of the input. */
  images,
  /** [places, outputs]; its gradient backwards. */
  out,
  /** What is packed for all threads: the filter, dy, or the filter transposed. */
  packed,
  /** The gradient of the filter [terms, outputs]. */
  filter,
  batch,
  height,
  width,
  channels,
  outHeight,
  outWidth,
  outputs,
  filterHeight,
  filterWidth,
  strideY,
  strideX,
  dilationY,
  dilationX,
  padTop,
  padLeft,
  /** Places, panels of terms, or images in one chunk. */
  step,
  /** 1 where the gradient of the filter is added to. */
  accumulate,
}

export enum DropoutArgs {
  x,
  y,
  /** What is added; 0 where nothing is. */
  residual,
  size,
  /** Entries of a chunk. */
  step,
  maskSeed,
  maskPurpose,
  maskStep,
  maskEpoch,
  maskLimit,
  maskScale,
}

export enum BiasReluDropoutArgs {
  product,
  bias,
  y,
  rows,
  width,
  /** Rows of a chunk. */
  step,
  maskSeed,
  maskPurpose,
  maskStep,
  maskEpoch,
  maskLimit,
  maskScale,
}

export enum BiasReluDropoutGradientArgs {
  dy,
  y,
  dproduct,
  /** Sums over the rows of each chunk, [chunks, width]. */
  sums,
  rows,
  width,
  scale,
  step,
}

export enum LayerNormArgs {
  x,
  gamma,
  beta,
  y,
  /** Mean and 1 / deviation of each row. */
  statistics,
  rows,
  dim,
  eps,
  /** Rows of a chunk. */
  step,
}

export enum LayerNormGradientArgs {
  dy,
  x,
  statistics,
  gamma,
  dx,
  /** Sums over the rows of each chunk, [chunks, 2, dim]: of dy · unit, and of dy. */
  sums,
  rows,
  dim,
  step,
}

export enum ColumnSumsArgs {
  x,
  sums,
  rows,
  columns,
  /** Columns of a chunk. */
  step,
}

/** Attention and its gradient, one sample a chunk. */
export enum AttentionArgs {
  /** [batch · rows, dim]. */
  query,
  /** [batch · context, 2 · dim]. */
  keyValue,
  /** [batch, heads, rows, context]. */
  weights,
  /** [batch · rows, dim]; its gradient backwards. */
  attended,
  rows,
  context,
  dim,
  heads,
  dquery,
  dkeyValue,
  maskSeed,
  maskPurpose,
  maskStep,
  maskEpoch,
  maskLimit,
  maskScale,
}

export enum SquaresArgs {
  gradient,
  size,
  /** A double for each chunk. */
  sums,
  step,
}

export enum AdamWArgs {
  weights,
  gradient,
  first,
  second,
  next,
  size,
  step,
  /** What all gradients are multiplied by, so that their global norm keeps its limit. */
  clip,
  beta1,
  oneMinusBeta1,
  beta2,
  oneMinusBeta2,
  /** 1 − beta2^step. */
  correction2,
  /** (1 − beta1^step) / learning rate. */
  correction1OverRate,
  eps,
  /** Learning rate times weight decay and multiplier. */
  decay,
  multiplier,
}

/** Losses of entries [rows, width], some rows a chunk. */
export enum EntryLossArgs {
  logits,
  targets,
  /** What each entry is multiplied by; 0 where all count. */
  factors,
  /** A number a column: weights of positives, or bars; 0 where there is none. */
  columns,
  /** 0 where the sums alone are wanted. */
  values,
  /** The derivatives; 0 where they are not wanted. */
  slopes,
  /** One a chunk. */
  sums,
  rows,
  width,
  step,
  /** One of {@link EntryLoss}. */
  loss,
  detached,
  gammaPositive,
  gammaNegative,
  clip,
  /** The smallest probability in a logarithm, or λ. */
  eps,
  /** Weights, or coefficients of a polynomial. */
  coefficientA,
  coefficientB,
}
