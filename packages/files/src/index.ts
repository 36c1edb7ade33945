export { InputError, type InputPlace } from './input-error.js';
export { fromFloat16, readNpy, toFloat16, writeNpy, type ArrayData, type NumericArray } from './npy.js';
export { readNpz } from './npz.js';
export { readSafetensors, writeSafetensors, type StoredTensor } from './safetensors.js';
export { writeFileAtomic } from './atomic-write.js';
export { sha256 } from './checksum.js';
export { resolveInside } from './inside.js';
