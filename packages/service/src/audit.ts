import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { appendToFile, InputError, sha256, writeFileAtomic } from '@cxr-align/files';
import type { Answer, ModelIdentity } from './model/answer.js';

/** A line of the audit log. Nothing in it names a patient. */
export interface AuditRecord {
  /** ISO 8601. */
  time: string;
  /** How the image came: predict, studies, infer, watch. */
  by: string;
  model: string;
  modelHash: string;
  version: string;
  /** The same for the same image; without the log's key it leads back to none. */
  key: string;
  /** Seconds of the computation. */
  seconds: number;
  /** By label: probability and whether it is called present. */
  labels?: Record<string, { probability: number; positive: boolean }>;
  /** Whether there was no answer, and its kind: the text itself may hold a file's name. */
  outcome: 'answered' | 'refused' | 'failed';
}

/** Writes what was answered, line by line. */
export interface AuditLog {
  write(by: string, image: Uint8Array, answer: Answer | undefined, model: ModelIdentity): void;
  close(): void;
}

/** A log that is not kept. */
export const noAudit: AuditLog = { write: () => {}, close: () => {} };

/**
 * An audit log: lines of JSON, added at the end of a file.
 *
 * @param file its key stands beside it in FILE.key, made at first: whoever has it can tell whether an image that he has is in the log.
 * @throws {InputError} if the key is not one.
 */
export function auditLog(file: string, now: () => Date = () => new Date()): AuditLog {
  const secret = secretOf(`${file}.key`);
  const lines = appendToFile(file);
  return {
    write: (by, image, answer, model) => {
      // The UID where there is one: the same image sent again has the same key.
      const key = createHmac('sha256', secret)
        .update(answer?.instance ?? sha256(image))
        .digest('hex')
        .slice(0, 32);
      const record: AuditRecord = {
        time: now().toISOString(),
        by,
        model: model.name,
        modelHash: model.hash,
        version: model.version,
        key,
        seconds: answer?.seconds ?? 0,
        ...(answer?.labels && {
          labels: Object.fromEntries(
            Object.entries(answer.labels).map(([label, { probability, positive }]) => [
              label,
              { probability: Number(probability.toFixed(6)), positive },
            ]),
          ),
        }),
        outcome: answer === undefined ? 'failed' : answer.error === undefined ? 'answered' : 'refused',
      };
      lines.write(`${JSON.stringify(record)}\n`);
    },
    close: () => lines.close(),
  };
}

function secretOf(file: string): Buffer {
  if (!existsSync(file)) writeFileAtomic(file, `${randomBytes(32).toString('hex')}\n`);
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new InputError(
      'expected the key of an audit log, 64 hexadecimal digits, got another text; restore it, or start another log',
      {
        file,
      },
    );
  return Buffer.from(text, 'hex');
}
