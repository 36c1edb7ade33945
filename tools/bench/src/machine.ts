import { cpus, totalmem } from 'node:os';

/** What this machine is. */
export interface MachineFacts {
  processor: string;
  cores: number;
  memoryGiB: number;
  node: string;
  system: string;
  date: string;
}

/** This machine, today. */
export function machineFacts(): MachineFacts {
  const [processor] = cpus();
  return {
    processor: processor.model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
  };
}
