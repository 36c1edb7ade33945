import data from '../data/chexpert-14.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const chexpert14: LabelGraphDefinition = data;
