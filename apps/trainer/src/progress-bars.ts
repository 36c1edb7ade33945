import { Presets, SingleBar } from 'cli-progress';
import { printable } from '@cxr-align/files/printable';
import type { Progress, ProgressBar } from '@cxr-align/training';
import { printText } from './print.js';

/** Jobs that end sooner show nothing. */
const patienceMs = 2000;
/** How often a line is written where there is no terminal. */
const lineEveryMs = 10_000;

/** Bars on a terminal, a plain line now and then elsewhere; always on stderr. */
export function stderrProgress(): Progress {
  const { isTTY } = process.stderr;
  const remark = (line: string): void => printText(line, process.stderr);
  return { remark, start: (name, total) => (isTTY ? terminalBar(name, total) : plainLines(name, total, remark)) };
}

function terminalBar(name: string, total: number): ProgressBar {
  const began = Date.now();
  let bar: SingleBar | undefined;
  return {
    update: (done, note = '') => {
      if (!bar) {
        if (Date.now() - began < patienceMs / 4) return;
        bar = new SingleBar(
          {
            format: `${printable(name)} [{bar}] {value}/{total}, {eta_formatted} left {note}`,
            stream: process.stderr,
            hideCursor: true,
            etaBuffer: 50,
          },
          Presets.rect,
        );
        bar.start(total, done, { note: printable(note) });
      }
      bar.update(done, { note: printable(note) });
    },
    stop: () => bar?.stop(),
  };
}

function plainLines(name: string, total: number, print: (line: string) => void): ProgressBar {
  const began = Date.now();
  let last = began - lineEveryMs + patienceMs;
  return {
    update: (done, note = '') => {
      const now = Date.now();
      if (now - last < lineEveryMs || done === 0) return;
      last = now;
      const left = Math.round((((now - began) / done) * (total - done)) / 1000);
      print(`${name}: ${done}/${total}, ${left} s left${note && `, ${note}`}`);
    },
    stop: () => {},
  };
}
