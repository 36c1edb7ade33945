import data from '../data/rsna-3.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const rsna3: LabelGraphDefinition = data;
