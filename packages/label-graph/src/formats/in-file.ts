import { LabelGraphError } from '../definition.js';

/** Does what makes a graph of a file: its errors name the file. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LabelGraphError) || error.message.includes(file)) throw error;
    throw new LabelGraphError(error.kind, `${file}: ${error.message}`, error.labels);
  }
}
