import data from '../data/cxr-lt-26.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';
import { chexpert14 } from './chexpert-14.js';

export const cxrLt26: LabelGraphDefinition = { ...data, extends: chexpert14 };
