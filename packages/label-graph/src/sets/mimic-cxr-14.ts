import data from '../data/mimic-cxr-14.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';
import { chexpert14 } from './chexpert-14.js';

export const mimicCxr14: LabelGraphDefinition = { ...data, extends: chexpert14 };
