export type { AuditRecord } from './audit.js';
export { type Answer, type Answerer, AnswererFault, type ModelIdentity, type Question } from './model/answer.js';
export { openPredictorProcess, type PredictorProcessOptions } from './model/predictor-process.js';
export type { ServiceOptions } from './options.js';
export { checkServiceOptions, type Service, startService } from './service.js';
export type { ArchiveOptions } from './spool/archive.js';
export { checkWatchOptions, watchFolder, type WatchOptions, type WatchRecord } from './watch.js';
