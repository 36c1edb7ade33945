/** An input pipeline that stalls. */
export interface StallEvent {
  /** What is waited for: a batch of training images, decoded images. */
  what: string;
  /** How long so far. */
  seconds: number;
  /** The images or files that it is, and who reads them. */
  waitingFor: readonly string[];
}

/** A job under way. */
export interface ProgressBar {
  update: (done: number, note?: string) => void;
  stop: () => void;
}

/** Shows how far jobs are, and how long they will still take. */
export interface Progress {
  start: (name: string, total: number) => ProgressBar;
  /** A line of text. */
  remark: (line: string) => void;
  /** Receives an input that is waited for too long, beside the remark. */
  stall?: (event: StallEvent) => void;
  /** How long that is. Default 60 seconds. */
  stallSeconds?: number;
}

/** Shows nothing; for tests and for other programs. */
export const silentProgress: Progress = { remark: () => {}, start: () => ({ update: () => {}, stop: () => {} }) };
