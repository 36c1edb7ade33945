import { InputError } from '@cxr-align/files/input-error';
import { LabelGraphError } from '@cxr-align/label-graph';

/** An error of the graph with its name in front. */
export function faultText({ kind, message }: LabelGraphError): string {
  return `${kind}: ${message}`;
}

/** Errors of a label graph are errors of the input. */
export function asInputError<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LabelGraphError ? new InputError(faultText(error)) : error;
  }
}
