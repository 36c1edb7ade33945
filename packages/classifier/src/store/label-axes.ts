import type { ModelConfig } from '../model-config.js';

/** An axis of an array that has a part for each label: so many numbers in a row. */
export interface LabelAxis {
  axis: number;
  /** Numbers of each label along the axis. */
  width: number;
}

/** What a model type of the package makes for each label: names of arrays, and the axes. */
const perLabel: readonly [RegExp, readonly number[]][] = [
  [/^head\/(?:stem\/)?(?:(?:present|absent|uncertain)\/)?(?:weight|bias)$/, [0]],
  [/^head\/probe\/weight$/, [1]],
  [/^head\/probe\/bias$/, [0]],
  [/^splitter\/(?:stem\/)?queries$/, [0]],
];

/**
 * The axes of an array of a model that have a part for each label, so that arrays of models with other labels can be matched by name;
 * none of an array that all labels share.
 *
 * @param name the name of the array.
 * @returns undefined for a model of a plug-in, whose arrays are unknown in this respect.
 */
export function labelAxes({ model, decoder, prompts }: ModelConfig, name: string): LabelAxis[] | undefined {
  const one = (axes: readonly number[], width = 1): LabelAxis[] => axes.map((axis) => ({ axis, width }));
  if (name === 'head/offset') return one([0]);
  if (model === 'linear' || model === 'mlp') {
    const [, part] = new RegExp(`^pixels/${model === 'linear' ? 0 : 1}/(weight|bias)$`).exec(name) ?? [];
    return part === undefined ? [] : one([part === 'weight' ? 1 : 0]);
  }
  if (model !== 'aligned' && model !== 'vision-only') return undefined;
  const known = perLabel.find(([pattern]) => pattern.test(name));
  if (known) return one(known[1]);
  if (/^prompts\/(?:.*\/)?context$/.test(name)) return prompts.contextPerLabel ? one([0]) : [];
  const [, layer, part] = /^splitter\/(?:stem\/)?map(\d)\/(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined) return [];
  // The maps lead to labels · dim numbers and, in the full form, on from them; the factored form passes a rank between.
  const widths = { folded: [false, true], full: [false, true, true], factored: [false, true, false, true] }[
    decoder.mixing
  ];
  const [from, to] = [widths[Number(layer)], widths[Number(layer) + 1]];
  const axes = part === 'bias' ? (to ? [0] : []) : [...(from ? [0] : []), ...(to ? [1] : [])];
  return one(axes, decoder.dim);
}
