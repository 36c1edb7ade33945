import { InputError } from '@cxr-align/files';
import type { OnnxInputs, OnnxModel } from '@cxr-align/onnx';
import type { TextTokenizer } from './tokenizer.js';

/** How token embeddings become the embedding of a text. */
export type Pooling = 'mean' | 'cls';

/** The value of each model input at a position of a text, or of its padding. */
export const fillers: Record<string, (ids: readonly number[], position: number, padding: number) => number> = {
  input_ids: (ids, position, padding) => ids[position] ?? padding,
  attention_mask: (ids, position) => (position < ids.length ? 1 : 0),
  token_type_ids: () => 0,
  position_ids: (_, position) => position,
};

/** Token ids as model inputs, padded to the longest text or to the fixed length of the model. */
export function feeds(model: OnnxModel, texts: readonly (readonly number[])[], { padding }: TextTokenizer): OnnxInputs {
  const length = fixedLength(model) ?? texts.reduce((most, { length }) => Math.max(most, length), 0);
  const shape = [texts.length, length];
  return Object.fromEntries(
    model.inputs.map(({ name, type }) => {
      const values = texts.flatMap((ids) =>
        Array.from({ length }, (_, position) => fillers[name](ids, position, padding)),
      );
      return [name, { shape, values: type === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values) }];
    }),
  );
}

/** The most tokens of a text: a model may claim any number. */
const mostTokens = 100_000;

/** The number of tokens of a model that was exported for a fixed length. @throws {InputError} if it is beyond any text. */
export function fixedLength({ inputs, file }: OnnxModel): number | undefined {
  const length = inputs.find(({ name }) => name === 'input_ids')?.shape[1];
  if (length !== undefined && length > mostTokens)
    throw new InputError(`expected a model of at most ${mostTokens} tokens, got ${length}; export it again`, { file });
  return length;
}
