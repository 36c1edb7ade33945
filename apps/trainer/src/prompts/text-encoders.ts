import { existsSync } from 'node:fs';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import { BuiltInTextEncoder, OnnxTextEncoder, SentenceEncoder, type TextEncoder } from '@cxr-align/text-encoder';

/** The encoder that knows the words of a label graph. */
export function builtInEncoder(graph: LabelGraph): BuiltInTextEncoder {
  return new BuiltInTextEncoder(
    graph.labels.map((name) => {
      const { synonyms, related = [] } = graph.node(name);
      return { name, synonyms: [...synonyms, ...related], parents: graph.ancestors(name) };
    }),
  );
}

/**
 * The text encoder of a name: `built-in`, `use-lite` (the Universal Sentence Encoder, from the npm registry), or the folder of
 * one in ONNX.
 *
 * @throws {InputError} if there is none of that name.
 */
export async function openTextEncoder(choice: string, graph: LabelGraph): Promise<TextEncoder> {
  if (choice === 'built-in') return builtInEncoder(graph);
  if (choice === 'use-lite') return SentenceEncoder.load();
  if (!existsSync(choice))
    throw new InputError(
      `expected a text encoder: built-in, use-lite or a folder with an ONNX model and its tokenizer.json; got ${choice} (no such folder)`,
    );
  return OnnxTextEncoder.load(choice);
}
