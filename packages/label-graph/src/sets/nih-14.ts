import data from '../data/nih-14.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const nih14: LabelGraphDefinition = data;
