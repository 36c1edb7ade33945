import type { StepCaptureReport } from '@cxr-align/nn';
import type { Padding } from '../loop/padding.js';

/** Reports what changes in how the steps of a training are computed: that one was compiled, or cannot be. */
export class CaptureRemarks {
  private functions = 0;
  private seconds = 0;
  private rejected?: string;
  private isPaddingKnown = false;

  /** Lines about what is new in a report since the last one. */
  linesOf({ compiled, mode }: StepCaptureReport, padding: Padding = {}): string[] {
    if (!compiled) return [];
    const { functions, seconds, largestDifference, rejected } = compiled;
    const lines: string[] = [];
    if (padding.reason !== undefined && !this.isPaddingKnown)
      lines.push(`batches are not padded to one size, and each size is compiled by itself: ${padding.reason}`);
    this.isPaddingKnown ||= padding.reason !== undefined;
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
