import { InputError, schemaFault } from '@cxr-align/files/input-error';
import { evaluationSchema, type Evaluation } from './evaluation-schema.js';

/** The evaluation that the content of an `evaluation.json` is. @param file named in errors. @throws {InputError} if it is none. */
export function parseEvaluation(content: unknown, file: string): Evaluation {
  const { data, error } = evaluationSchema.safeParse(content);
  if (!data) {
    throw new InputError(
      `expected an evaluation of this version, got another (${schemaFault(error)}); evaluate again`,
      { file },
    );
  }
  // zod leaves out keys of this name, which a label may have.
  const { labels } = content as { labels: object };
  if (Object.hasOwn(labels, protoName)) {
    const [only] = Object.values(
      parseEvaluation({ ...(content as object), labels: { label: Object.entries(labels).find(isProto)![1] } }, file)
        .labels,
    );
    Object.defineProperty(data.labels, protoName, {
      value: only,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return data;
}

const protoName = '__proto__';

function isProto([name]: [string, unknown]): boolean {
  return name === protoName;
}
