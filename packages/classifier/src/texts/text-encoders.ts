import type { LabelGraph } from '@cxr-align/label-graph';
import { openTextEncoder as open, type Concept, type TextEncoder } from '@cxr-align/text-encoder';

/** The labels of a graph with their words, for encoders that are built from them. */
export function conceptsOf(graph: LabelGraph): Concept[] {
  return graph.labels.map((name) => {
    const { synonyms, associatedTerms = [] } = graph.node(name);
    return { name, synonyms: [...synonyms, ...associatedTerms], parents: graph.ancestors(name) };
  });
}

/**
 * The text encoder of a name: `built-in`, `use-lite` (the Universal Sentence Encoder), a registered one, or the folder of one in
 * ONNX.
 *
 * @throws {InputError} if there is none of that name.
 */
export function openTextEncoder(choice: string, graph: LabelGraph): Promise<TextEncoder> {
  return open(choice, { concepts: conceptsOf(graph) });
}
