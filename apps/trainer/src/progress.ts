import { Presets, SingleBar } from 'cli-progress';

/** A job under way. */
export interface ProgressBar {
  update: (done: number, note?: string) => void;
  stop: () => void;
}

/** Shows how far jobs are, and how long they will still take. */
export interface Progress {
  start: (name: string, total: number) => ProgressBar;
  /** A line of text. */
  say: (line: string) => void;
}

/** Jobs that end sooner show nothing. */
const patienceMs = 2000;
/** How often a line is written where there is no terminal. */
const lineEveryMs = 10_000;

/** Bars on a terminal, a plain line now and then elsewhere; always on stderr. */
export function stderrProgress(): Progress {
  const { isTTY } = process.stderr;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return { say, start: (name, total) => (isTTY ? terminalBar(name, total) : plainLines(name, total, say)) };
}

/** Shows nothing; for tests and for other programs. */
export const silentProgress: Progress = { say: () => {}, start: () => ({ update: () => {}, stop: () => {} }) };

function terminalBar(name: string, total: number): ProgressBar {
  const began = Date.now();
  let bar: SingleBar | undefined;
  return {
    update: (done, note = '') => {
      if (!bar) {
        if (Date.now() - began < patienceMs / 4) return;
        bar = new SingleBar(
          {
            format: `${name} [{bar}] {value}/{total}, {eta_formatted} left {note}`,
            stream: process.stderr,
            hideCursor: true,
            etaBuffer: 50,
          },
          Presets.rect,
        );
        bar.start(total, done, { note });
      }
      bar.update(done, { note });
    },
    stop: () => bar?.stop(),
  };
}

function plainLines(name: string, total: number, say: (line: string) => void): ProgressBar {
  const began = Date.now();
  let last = began - lineEveryMs + patienceMs;
  return {
    update: (done, note = '') => {
      const now = Date.now();
      if (now - last < lineEveryMs || done === 0) return;
      last = now;
      const left = Math.round((((now - began) / done) * (total - done)) / 1000);
      say(`${name}: ${done}/${total}, ${left} s left${note && `, ${note}`}`);
    },
    stop: () => {},
  };
}
