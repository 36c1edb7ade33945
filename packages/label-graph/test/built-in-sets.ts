import { registerLabelSet } from '../src/index.js';
import { builtInLabelSets } from '../src/sets.js';

builtInLabelSets.forEach((set) => registerLabelSet(set));
