import data from '../data/cxr-lt-45.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';
import { cxrLt40 } from './cxr-lt-40.js';

export const cxrLt45: LabelGraphDefinition = { ...data, extends: cxrLt40 };
