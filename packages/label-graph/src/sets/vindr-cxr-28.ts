import data from '../data/vindr-cxr-28.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const vindrCxr28: LabelGraphDefinition = data;
