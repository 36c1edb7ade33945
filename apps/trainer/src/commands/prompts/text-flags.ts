import { promptSetNames } from '@cxr-align/text-encoder';
import { labelGraphChoices } from '@cxr-align/training';
import { commonFlags } from '../command.js';

/** Flags of all that encodes the prompts of labels. */
export const textFlags = {
  ...commonFlags,
  graph: {
    type: 'string',
    default: 'chexpert-14',
    describe: `Label graph: ${labelGraphChoices().join(', ')}, or a file`,
  },
  set: { choices: promptSetNames(), default: 'pairs', describe: 'Prompt set' },
  seed: { type: 'number', default: 0, describe: 'Random seed of the prompts that are drawn' },
  'text-encoder': {
    type: 'string',
    default: 'built-in',
    describe: 'Frozen text encoder: built-in, use-lite, or a folder (ONNX)',
  },
} as const;

/** The same as they are given. */
export interface TextFlags {
  json: boolean;
  graph: string;
  set: string;
  seed: number;
  textEncoder: string;
}
