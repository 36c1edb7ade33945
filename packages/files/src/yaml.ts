// `@cxr-align/files/yaml`: what needs no Node, for packages that take it into their own build.
export { faultReason } from './fault-reason.js';
export { parseYaml } from './yaml-text.js';
