import type { ArchiveOptions } from './spool/archive.js';

/** How a service runs. */
export interface ServiceOptions {
  /** Address to listen on, HOST:PORT. Default 127.0.0.1:8080; port 0 takes a free one. */
  listen?: string;
  /** What callers have to send as `Authorization: Bearer TOKEN`. Needed beyond loopback. */
  token?: string;
  /** TLS by certificate and key in PEM. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** Folder of accepted instances that wait; needed for studies, with `archive`. */
  spool?: string;
  /** Where the results of studies are stored. */
  archive?: ArchiveOptions;
  /** File of the audit log; none unless given. */
  audit?: string;
  /** The model's card, as JSON or text, for GET /model. */
  card?: unknown;
  /** Bytes that a body may have. Default 128 MiB. */
  maxBody?: number;
  /** Images that may wait for their turn; more are refused with 429. Default 64. */
  maxWaiting?: number;
  /** Images that are predicted at once. Default 1. */
  atOnce?: number;
  /** Instances that may wait on disk; more are refused with 503. Default 10,000. */
  maxSpooled?: number;
  /** Milliseconds that a request waits for its turn, and that a body may take to come. Default 30,000. */
  timeoutMs?: number;
  /** Milliseconds until the first repetition where the archive or the model failed. Default 1,000. */
  retryMs?: number;
  /** Tells what went wrong; nothing of a patient. Default: nothing is done. */
  onFault?: (message: string) => void;
}
