import data from '../data/cxr-lt-40.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const cxrLt40: LabelGraphDefinition = data;
