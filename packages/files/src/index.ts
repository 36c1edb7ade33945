export { InputError, schemaFault, type InputPlace } from './input-error.js';
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
export { readNpyIds } from './npy-ids.js';
export { readNpz } from './npz.js';
export { openParquet, type Parquet, type ParquetColumn, type ParquetGroup } from './parquet.js';
export { openZip, type Zip, type ZipEntry } from './zip.js';
export { readSafetensors, writeSafetensors, type StoredTensor, type TensorLocation } from './safetensors.js';
export { readSafetensorsHeader } from './safetensors-header.js';
export { openFileAtomic, writeFileAtomic, type AtomicFile } from './atomic-write.js';
export { asideOf, removeLeftOvers } from './aside.js';
export { isUnfinished, markFinished, markUnfinished } from './unfinished.js';
export {
  appendToFile,
  createFile,
  makeFolder,
  observeDisk,
  remove,
  rename,
  syncFolder,
  type DiskChange,
  type DiskFile,
  type DiskObserver,
} from './disk.js';
export { readSealedSafetensors, sealSafetensors } from './sealed-safetensors.js';
export { sha256, sha256OfFile } from './checksum.js';
export { DiskError, diskError, onDisk } from './disk-error.js';
export { sealJson, sealedBody, unsealJson } from './sealed-json.js';
export {
  checkCovered,
  coverFiles,
  isCovered,
  manifestName,
  manifestText,
  parseManifest,
  readCovered,
  readManifest,
  writeCovered,
  type Manifest,
} from './manifest.js';
export { folderWriter, lockFolder, lockFolderWhenFree, lockName, removeDeadLock, type FolderLock } from './lock.js';
export type { LockOwner } from './lock-owner.js';
export { parseJson, readJson, readText } from './read-json.js';
export { readYaml } from './read-yaml.js';
export { fileInside, resolveInside } from './inside.js';
export { regularFile } from './regular-file.js';
export { withTimeLimit } from './time-limit.js';
export { faultReason } from './fault-reason.js';
export { printable, printableText } from './printable.js';
export { cellOfCsv, csvCell } from './csv-cell.js';
