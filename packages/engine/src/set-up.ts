// `@cxr-align/engine/set-up`: sets up the engines that need more than npm; a program that only starts engines does not load it.
export { cudaMachine, type CudaMachine } from './start/cuda-machine.js';
export {
  bindingRevisions,
  readManifest,
  setUpFolder,
  type NativeKind,
  type NativeManifest,
  type SetUpKind,
} from './start/set-up-folder.js';
export type { WebgpuManifest } from './start/webgpu-folder.js';
export { checkNative } from './set-up/check-native.js';
export { removeSetUp } from './set-up/remove-set-up.js';
export { SetUpError } from './set-up/set-up-error.js';
export { setUpNative, type SetUpOptions, type SetUpResult } from './set-up/set-up-native.js';
export { setUpWebgpu } from './set-up/set-up-webgpu.js';
