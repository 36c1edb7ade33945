import { LabelGraph } from '@cxr-align/label-graph';

/** Labels with one below another. */
export const threeLabels = (): LabelGraph =>
  new LabelGraph({ name: 'three', labels: [{ name: 'A' }, { name: 'B', parents: ['A'] }, { name: 'C' }] });

/** A configuration of a model that is built in no time. */
export const smallConfig = {
  image: { size: 16 },
  encoder: { channels: [4, 6] },
  decoder: { dim: 8, layers: 1, heads: 2 },
};
