import data from '../data/padchest.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const padchest: LabelGraphDefinition = data;
