export {
  labelDescriptors,
  labelPrompts,
  promptSetNames,
  type Descriptor,
  type LabelPromptOptions,
  type LabelPromptTexts,
  type LabelTerms,
} from './prompts.js';
export { encodeEnsembles, normalizeRow, type CosineSlopes, type TextEncoder, type TextSlopes } from './text-encoder.js';
export { BuiltInTextEncoder, type BuiltInEncoderOptions, type Concept } from './built-in-encoder.js';
export { loadPromptEmbeddings, type PromptEmbeddings } from './prompt-embeddings.js';
export { rowCosine, similarityMatrix, type SimilarityMatrix } from './similarity.js';
export { PromptEncoder, type FrozenPrompts, type PromptEncoderOptions } from './prompt-encoder.js';
export { OnnxTextEncoder, type TokenVectors } from './frozen/onnx-text-encoder.js';
export { SentenceEncoder } from './frozen/sentence-encoder.js';
export { SoftPrompts, type SoftPromptOptions } from './soft-prompts.js';
export { PromptMixture, type MixedPrompts, type PromptMixtureOptions } from './prompt-mixture.js';
export {
  combineDescriptors,
  descriptorCombinations,
  scoreDescriptors,
  type CombinedDescriptors,
  type DescriptorCombination,
  type DescriptorScores,
} from './descriptors.js';
export {
  attackAlphabet,
  attackMethods,
  attackMethodsOf,
  attackPrompt,
  conceptDimensions,
  type Attack,
  type AttackMethod,
  type AttackOptions,
} from './attack.js';
export { naturalEdits, type EditedText, type NaturalEdit } from './natural-edits.js';
