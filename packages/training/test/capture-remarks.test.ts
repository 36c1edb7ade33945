import { CaptureRemarks } from '../src/train/capture-remarks.js';

describe('CaptureRemarks', () => {
  const report = (compiled?: object) =>
    ({ mode: 'xla', captured: 1, opByOp: 0, checked: 1, possiblyStale: 0, ...(compiled && { compiled }) }) as never;

  it('has a line for each function that was compiled, with its own seconds, and none for steps between', () => {
    const remarks = new CaptureRemarks();
    const first = { functions: 1, seconds: 12.34, largestDifference: 3.2e-7 };
    expect(remarks.linesOf(report())).toEqual([]);
    expect(remarks.linesOf(report(first))).toEqual([
      "compiled the step in 12.3 s: XLA's function 1 of this run, within 3e-7 of the step operation by operation",
    ]);
    expect(remarks.linesOf(report(first))).toEqual([]);
    expect(remarks.linesOf(report({ ...first, functions: 2, seconds: 13.4 }))[0]).toMatch(/in 1.1 s: XLA's function 2/);
  });
  it('reports once why batches are not padded', () => {
    const remarks = new CaptureRemarks();
    const compiled = report({ functions: 0, seconds: 0, largestDifference: 0 });
    expect(remarks.linesOf(compiled, { rows: 4 })).toEqual([]);
    expect(remarks.linesOf(compiled, { reason: 'a loss minds' })[0]).toMatch(/not padded .* by itself: a loss minds/);
    expect(remarks.linesOf(compiled, { reason: 'a loss minds' })).toEqual([]);
  });
  it('reports once why a step is not compiled, and what takes over', () => {
    const remarks = new CaptureRemarks();
    const rejected = { functions: 0, seconds: 0, largestDifference: 0, rejected: 'no libdevice' };
    const replayed = Object.assign(report(rejected) as object, { mode: 'replay' }) as never;
    expect(remarks.linesOf(replayed)).toEqual(['the step is not compiled, replay takes over: no libdevice']);
    expect(remarks.linesOf(replayed)).toEqual([]);
  });
});
