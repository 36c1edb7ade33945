export { presentationState, presentationStateObstacle } from './presentation-state.js';
export type { BoxResult, LabelResult, Picture, Result, ResultBox } from './result.js';
export { secondaryCapture } from './secondary-capture.js';
export { sourceTags, type SourceImage } from './source.js';
export { structuredReport } from './structured-report.js';
export { derivedUid } from './uid.js';
