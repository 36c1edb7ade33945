import type { OnnxInputs, OnnxModel } from '@cxr-align/onnx';
import type { TextTokenizer } from './tokenizer.js';

/** How one vector is made of those of the tokens. */
export type Pooling = 'mean' | 'cls';

/** What each input holds at a place, of a text that is there or of padding. */
export const fillers: Record<string, (ids: readonly number[], place: number, padding: number) => number> = {
  input_ids: (ids, place, padding) => ids[place] ?? padding,
  attention_mask: (ids, place) => (place < ids.length ? 1 : 0),
  token_type_ids: () => 0,
  position_ids: (_, place) => place,
};

/** Token ids as the inputs of a model, padded to the longest or to the length that the model demands. */
export function feeds(model: OnnxModel, texts: readonly (readonly number[])[], { padding }: TextTokenizer): OnnxInputs {
  const length = fixedLength(model) ?? Math.max(...texts.map((ids) => ids.length));
  const shape = [texts.length, length];
  return Object.fromEntries(
    model.inputs.map(({ name, type }) => {
      const values = texts.flatMap((ids) => Array.from({ length }, (_, place) => fillers[name](ids, place, padding)));
      return [name, { shape, values: type === 'int64' ? BigInt64Array.from(values, BigInt) : Int32Array.from(values) }];
    }),
  );
}

/** Tokens of each text, where a model has been exported for one length. */
export function fixedLength(model: OnnxModel): number | undefined {
  return model.inputs.find(({ name }) => name === 'input_ids')?.shape[1];
}
