// All that a page without a bundler finds in the global `cxrAlign.labelGraph`: the core and the label sets, without file formats.
export * from './index.js';
export { builtInLabelSets } from './sets.js';
