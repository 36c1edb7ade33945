import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder, remove, rename, sha256, writeFileAtomic } from '@cxr-align/files';
import type { DicomFiles } from '../model/answer.js';
import type { Outcome } from '../outcome.js';

const states = ['received', 'results', 'done', 'given-up'] as const;

/**
 * Instances that were accepted and are not answered yet, on disk: what was accepted survives whatever ends the program.
 *
 * `received/KEY.dcm` becomes `results/KEY/` and, once these are in the archive, `done/KEY.json`; keys are hashes of the SOP Instance
 * UID and the model, so that an instance is answered once by each model. What the archive does not take is kept in `given-up/`.
 */
export class Spool {
  /** How many wait: read from the disk once, since a request for each of thousands would read it again. */
  private waitingCount: number;

  constructor(
    private readonly folder: string,
    private readonly modelHash: string,
  ) {
    for (const state of states) makeFolder(join(folder, state));
    // What was recorded before the program ended, and not tidied up any more.
    for (const key of this.waiting()) if (this.isFinished(key)) this.forget(key);
    this.waitingCount = this.waiting().length;
  }

  keyOf(instance: string): string {
    return sha256(JSON.stringify([instance, this.modelHash])).slice(0, 32);
  }

  /** Keeps an instance; one that is kept or done already is left as it is. @returns whether it is new. */
  accept(instance: string, bytes: Uint8Array): boolean {
    const key = this.keyOf(instance);
    if (existsSync(this.received(key)) || this.isFinished(key)) return false;
    writeFileAtomic(this.received(key), bytes);
    this.waitingCount++;
    return true;
  }

  /** How many instances wait. */
  get size(): number {
    return this.waitingCount;
  }

  /** Keys of the instances that wait, those that came first before the others. */
  waiting(): string[] {
    const time = (key: string): number => statSync(this.received(key)).mtimeMs;
    return readdirSync(join(this.folder, 'received'))
      .filter((name) => name.endsWith('.dcm'))
      .map((name) => name.slice(0, -4))
      .map((key): [string, number] => [key, time(key)])
      .sort(([a, earlier], [b, later]) => earlier - later || (a < b ? -1 : 1))
      .map(([key]) => key);
  }

  read(key: string): Uint8Array {
    return readFileSync(this.received(key));
  }

  /** The results that were made of an instance and may not be in the archive yet. */
  results(key: string): DicomFiles | undefined {
    const folder = this.resultsOf(key);
    if (!existsSync(folder)) return undefined;
    const file = (name: string): Uint8Array => readFileSync(join(folder, `${name}.dcm`));
    return {
      report: file('report'),
      capture: file('capture'),
      ...(existsSync(join(folder, 'state.dcm')) && { state: file('state') }),
    };
  }

  /** Keeps the results of an instance before they are sent: sent again, they are the same objects. */
  keepResults(key: string, { report, capture, state }: DicomFiles): void {
    const aside = join(this.folder, `results-${key}`);
    remove(aside);
    writeFileAtomic(join(aside, 'report.dcm'), report);
    writeFileAtomic(join(aside, 'capture.dcm'), capture);
    if (state) writeFileAtomic(join(aside, 'state.dcm'), state);
    rename(aside, this.resultsOf(key));
  }

  /** Records what became of an instance, and forgets its pixels; of one that is given up they are kept in `given-up/KEY.dcm`. */
  finish(key: string, outcome: Omit<Outcome, 'time' | 'modelHash'>): void {
    const record: Outcome = { time: new Date().toISOString(), modelHash: this.modelHash, ...outcome };
    writeFileAtomic(join(this.folder, 'done', `${key}.json`), `${JSON.stringify(record)}\n`);
    if (outcome.state === 'given-up') rename(this.received(key), join(this.folder, 'given-up', `${key}.dcm`));
    this.forget(key);
    this.waitingCount--;
  }

  private forget(key: string): void {
    remove(this.received(key));
    remove(this.resultsOf(key));
  }

  private isFinished(key: string): boolean {
    return existsSync(join(this.folder, 'done', `${key}.json`));
  }

  private received(key: string): string {
    return join(this.folder, 'received', `${key}.dcm`);
  }

  private resultsOf(key: string): string {
    return join(this.folder, 'results', key);
  }
}
