// The one file for pages without a bundler: all entries of the package under one name.
export * from './index.js';
export { asLayersLoss } from './layers.js';
export * as reference from './reference.js';
