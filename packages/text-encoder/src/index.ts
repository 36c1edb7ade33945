export { promptPlaceholders, promptSetNames, registerPromptSet, type PromptSetDefinition } from './prompt-sets.js';
export {
  labelDescriptors,
  labelPrompts,
  type Descriptor,
  type LabelPromptOptions,
  type LabelPromptTexts,
  type LabelTerms,
} from './label-prompts.js';
export {
  encodeEnsembles,
  normalizeRow,
  type CosineGradient,
  type TextEncoder,
  type TextGradients,
  type TokenEmbeddings,
} from './text-encoder.js';
export {
  openTextEncoder,
  registerTextEncoder,
  textEncoderNames,
  type OpenTextEncoderOptions,
  type TextEncoderFactory,
} from './text-encoders.js';
export { BuiltInTextEncoder, type BuiltInEncoderOptions, type Concept } from './built-in-encoder.js';
export { loadPromptEmbeddings, type PromptEmbeddings } from './prompt-embeddings.js';
export { rowCosine, similarityMatrix, type SimilarityMatrix } from './similarity.js';
export { PromptEncoder, type FrozenPrompts, type PromptEncoderOptions } from './prompt-encoder.js';
export { OnnxTextEncoder } from './frozen/onnx-text-encoder.js';
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
