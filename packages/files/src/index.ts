export { InputError, type InputPlace } from './input-error.js';
export {
  fromFloat16,
  narrowFloat16,
  readNpy,
  toFloat16,
  widenFloat16,
  writeNpy,
  type ArrayData,
  type NumericArray,
} from './npy.js';
export { readNpz } from './npz.js';
export { openZip, type Zip, type ZipEntry } from './zip.js';
export {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  type StoredTensor,
  type TensorPlace,
} from './safetensors.js';
export { writeFileAtomic } from './atomic-write.js';
export { sha256, sha256OfFile } from './checksum.js';
export { readJson } from './read-json.js';
export { resolveInside } from './inside.js';
