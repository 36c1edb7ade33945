import { Kernel } from '../../../assembly/call.js';
import {
  AdamWArgs,
  AttentionArgs,
  BiasReluDropoutArgs,
  BiasReluDropoutGradientArgs,
  ColumnSumsArgs,
  ConvolutionArgs,
  DropoutArgs,
  EntryLossArgs,
  LayerNormArgs,
  LayerNormGradientArgs,
  ProductArgs,
  SquaresArgs,
} from '../../../assembly/signatures.js';

/** The signature of each kernel of `assembly/`: the enum that it reads its arguments by. */
export const signatures = {
  [Kernel.packLeft]: ProductArgs,
  [Kernel.packRight]: ProductArgs,
  [Kernel.multiply]: ProductArgs,
  [Kernel.multiplySmall]: ProductArgs,
  [Kernel.convolve]: ConvolutionArgs,
  [Kernel.convolutionFilterGradient]: ConvolutionArgs,
  [Kernel.convolutionInputGradient]: ConvolutionArgs,
  [Kernel.dropout]: DropoutArgs,
  [Kernel.biasReluDropout]: BiasReluDropoutArgs,
  [Kernel.biasReluDropoutGradient]: BiasReluDropoutGradientArgs,
  [Kernel.layerNorm]: LayerNormArgs,
  [Kernel.layerNormGradient]: LayerNormGradientArgs,
  [Kernel.columnSums]: ColumnSumsArgs,
  [Kernel.attention]: AttentionArgs,
  [Kernel.attentionGradient]: AttentionArgs,
  [Kernel.squares]: SquaresArgs,
  [Kernel.adamW]: AdamWArgs,
  [Kernel.entryLosses]: EntryLossArgs,
} as const satisfies Record<Kernel, object>;

/** The arguments that are float32; all others are whole numbers or addresses. A test compares this with how kernels read them. */
export const floatArguments: ReadonlySet<string> = new Set([
  'maskScale',
  'scale',
  'eps',
  'clip',
  'beta1',
  'oneMinusBeta1',
  'beta2',
  'oneMinusBeta2',
  'correction2',
  'correction1OverRate',
  'decay',
  'multiplier',
  'gammaPositive',
  'gammaNegative',
  'coefficientA',
  'coefficientB',
]);

/** The arguments of a kernel by name. */
export type KernelArguments<K extends Kernel> = Readonly<Record<keyof (typeof signatures)[K], number>>;

/** The names of a kernel's arguments, in order, and whether each is float32. */
export const argumentLists: ReadonlyMap<Kernel, readonly { name: string; isFloat: boolean }[]> = new Map(
  Object.entries(signatures).map(([kernel, names]) => [
    Number(kernel),
    Object.entries(names)
      .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
      .sort(([, one], [, other]) => one - other)
      .map(([name]) => ({ name, isFloat: floatArguments.has(name) })),
  ]),
);
