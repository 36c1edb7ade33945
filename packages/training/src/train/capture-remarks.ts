import type { StepCaptureReport } from '@cxr-align/nn';

/** Reports what changes in how the steps of a training are computed: that one was compiled, or cannot be. */
export class CaptureRemarks {
  private functions = 0;
  private seconds = 0;
  private rejected?: string;

  /** Lines about what is new in a report since the last one. */
  linesOf({ compiled, mode }: StepCaptureReport): string[] {
    if (!compiled) return [];
    const { functions, seconds, largestDifference, rejected } = compiled;
    const lines: string[] = [];
    if (functions > this.functions)
      lines.push(
        `compiled the step in ${(seconds - this.seconds).toFixed(1)} s: XLA's function ${functions} of this run, within ${largestDifference.toExponential(0)} of the step operation by operation`,
      );
    if (rejected !== undefined && this.rejected === undefined)
      lines.push(`the step is not compiled, ${mode} takes over: ${rejected}`);
    [this.functions, this.seconds, this.rejected] = [functions, seconds, rejected];
    return lines;
  }
}
