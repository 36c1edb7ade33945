import type { StoredTensor } from '@cxr-align/files';
import type { LabelPromptTexts } from '@cxr-align/text-encoder';

/** The texts of a label that were encoded. */
export interface LabelTexts extends LabelPromptTexts {
  /** Observations that indicate it. */
  descriptors: string[];
}

/** Embeddings of the labels' texts by a frozen text encoder, in label order. */
export interface FrozenTexts {
  /** The mean of each label's prompts [kinds, labels, dim]: positive, then negative where there is one; rows of length 1. */
  prompts: StoredTensor;
  /** The same for each prompt set that a mixture has [sources, kinds, labels, dim]. */
  sources?: StoredTensor;
  /** The first prompt of each label token by token [kinds, labels, tokens, dim], and which are there [kinds, labels, tokens]. */
  tokens?: { values: StoredTensor; mask: StoredTensor };
  /** Prompts of each label's observations [2, observations, dim], those of the first label first. */
  descriptors?: StoredTensor;
  /** Each prompt on its own, for a training that draws one a step; not kept with a run. */
  bank?: PromptBank;
  /** The texts that were encoded; empty for embeddings from a file. */
  words: LabelTexts[];
  /** The text encoder; null for embeddings from a file. */
  encoder: { name: string; hash: string } | null;
}

/** Prompts one by one. */
export interface PromptBank {
  /** [prompts, dim]. */
  values: StoredTensor;
  /** Rows of each label's prompts: of the positive ones of all labels, then of the negative ones. */
  rows: number[][];
}

/** The arrays of texts by the names that they have in a run's weights file. */
export function textArrays({ prompts, sources, tokens, descriptors }: FrozenTexts): Map<string, StoredTensor> {
  const all = {
    texts: prompts,
    'texts/sources': sources,
    'texts/tokens': tokens?.values,
    'texts/mask': tokens?.mask,
    'texts/descriptors': descriptors,
  };
  return new Map(Object.entries(all).flatMap(([name, one]) => (one ? [[name, one] as const] : [])));
}

/** Takes the arrays of texts out of those of a run; undefined where it has none. */
export function takeTextArrays(
  arrays: Map<string, StoredTensor>,
  words: LabelTexts[],
  encoder: FrozenTexts['encoder'],
): FrozenTexts | undefined {
  const take = (name: string): StoredTensor | undefined => {
    const one = arrays.get(name);
    arrays.delete(name);
    return one;
  };
  const [prompts, sources, values, mask, descriptors] = ['', '/sources', '/tokens', '/mask', '/descriptors'].map(
    (end) => take(`texts${end}`),
  );
  if (!prompts) return undefined;
  return { prompts, sources, ...(values && mask && { tokens: { values, mask } }), descriptors, words, encoder };
}
