export { labelPrompts, promptSetNames, type LabelPromptTexts } from './prompts.js';
export { encodeEnsembles, type TextEncoder } from './text-encoder.js';
export { BuiltInTextEncoder, type BuiltInEncoderOptions, type Concept } from './built-in-encoder.js';
export { loadPromptEmbeddings, type PromptEmbeddings } from './prompt-embeddings.js';
export { similarityMatrix, type SimilarityMatrix } from './similarity.js';
export { PromptEncoder, type PromptEncoderOptions } from './prompt-encoder.js';
