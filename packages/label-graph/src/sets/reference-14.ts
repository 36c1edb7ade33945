import data from '../data/reference-14.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';
import { chexpert14 } from './chexpert-14.js';

export const reference14: LabelGraphDefinition = { ...data, extends: chexpert14 };
