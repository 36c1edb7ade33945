// The one file for pages without a bundler.
export * from './index.js';
