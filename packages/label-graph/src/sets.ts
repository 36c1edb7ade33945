import type { LabelGraphDefinition } from './definition.js';
import { chexpert14 } from './sets/chexpert-14.js';
import { covidChestxray } from './sets/covid-chestxray.js';
import { cxrLt26 } from './sets/cxr-lt-26.js';
import { cxrLt40 } from './sets/cxr-lt-40.js';
import { cxrLt45 } from './sets/cxr-lt-45.js';
import { mimicCxr14 } from './sets/mimic-cxr-14.js';
import { nih14 } from './sets/nih-14.js';
import { padchest } from './sets/padchest.js';
import { reference14 } from './sets/reference-14.js';
import { rsna3 } from './sets/rsna-3.js';
import { vindrCxr28 } from './sets/vindr-cxr-28.js';

export { chexpert14 } from './sets/chexpert-14.js';
export { covidChestxray } from './sets/covid-chestxray.js';
export { cxrLt26 } from './sets/cxr-lt-26.js';
export { cxrLt40 } from './sets/cxr-lt-40.js';
export { cxrLt45 } from './sets/cxr-lt-45.js';
export { mimicCxr14 } from './sets/mimic-cxr-14.js';
export { nih14 } from './sets/nih-14.js';
export { padchest } from './sets/padchest.js';
export { reference14 } from './sets/reference-14.js';
export { rsna3 } from './sets/rsna-3.js';
export { vindrCxr28 } from './sets/vindr-cxr-28.js';

/** Every label set of this package, one that extends another after it: each is given to `registerLabelSet`. */
export const builtInLabelSets: readonly LabelGraphDefinition[] = [
  chexpert14,
  mimicCxr14,
  nih14,
  reference14,
  cxrLt26,
  cxrLt40,
  cxrLt45,
  vindrCxr28,
  padchest,
  rsna3,
  covidChestxray,
];
