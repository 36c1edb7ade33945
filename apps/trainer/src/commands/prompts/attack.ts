import type { Split } from '@cxr-align/datasets';
import { attackPrompts, attackText, openTextEncoder } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';
import { attackMethods, attackMethodsOf, type AttackMethod, type TextEncoder } from '@cxr-align/text-encoder';
import {
  inOrderOf,
  loadGraph,
  loadInputs,
  openDataset,
  readTrainedModel,
  scoreAttacks,
  trainedSource,
} from '@cxr-align/training';
import { dataFlags, encoderFlags, engineFlags, printResult, progress, startEngineOf } from '../command.js';
import { textFlags, type TextFlags } from './text-flags.js';

/** The flags of `prompts attack`. */
export const attackFlags = {
  ...textFlags,
  ...engineFlags,
  method: {
    choices: attackMethods,
    array: true,
    describe: 'Search method for a suffix; all that the encoder supports unless given (gradient: ONNX only)',
  },
  length: { type: 'number', default: 5, describe: 'Length of a suffix in characters' },
  budget: {
    type: 'number',
    describe: 'Maximum number of texts that a search encodes; 2 · length · alphabet unless given',
  },
  concept: { type: 'string', describe: 'Label whose key dimensions alone are attacked' },
  run: {
    type: 'string',
    describe: 'Run folder: use its labels, prompts and encoder; with --data, also its AUROC',
  },
  data: { type: 'string', describe: 'Data set to evaluate the run on with the changed prompts' },
  format: { ...dataFlags.format },
  features: { ...encoderFlags.features },
  encoder: { ...encoderFlags.encoder },
  split: { type: 'string', default: 'val', describe: 'Split to evaluate' },
} as const;

export interface AttackFlags extends TextFlags {
  engine: Parameters<typeof startEngineOf>[0]['engine'];
  threads?: number;
  method?: AttackMethod[];
  length: number;
  budget?: number;
  concept?: string;
  run?: string;
  data?: string;
  format: string;
  encoder?: string;
  features?: string;
  split: string;
}

/** `prompts attack`: suffixes and edits that change prompt embeddings most, and what they do to a run. */
export async function attack(given: AttackFlags): Promise<void> {
  const { run, data, length, budget, seed, concept, json, split } = given;
  for (const [flag, value] of Object.entries({ '--length': length, '--budget': budget ?? 1 }))
    if (!Number.isInteger(value) || value < 1)
      throw new InputError(`expected ${flag} to be a whole number of 1 or more, got ${value}`);
  if (data !== undefined && run === undefined)
    throw new InputError('expected --run RUN with --data: the AUROC is that of a run');
  const stored = run === undefined ? undefined : readTrainedModel(run);
  const graph = stored?.graph ?? loadGraph(given.graph);
  const prompts = stored?.config.prompts;
  const encoder = await openTextEncoder(
    prompts && given.textEncoder === 'built-in' ? prompts.encoder : given.textEncoder,
    stored?.zeroShot ?? graph,
  );
  if (stored?.texts?.encoder && stored.texts.encoder.hash !== encoder.hash)
    throw new InputError(
      `expected the text encoder of the run, ${stored.texts.encoder.name}, got another (${encoder.name}); add --text-encoder DIR`,
      { file: run },
    );
  const open = methodsFor(encoder, given.method);
  if (open.includes('gradient') || data !== undefined) await startEngineOf(given);
  const methods = given.method ?? (await differentiable(encoder, open));
  const request = { set: prompts?.set ?? given.set, methods, length, budget, seed, concept };
  const result = await attackPrompts(encoder, graph, request, progress);
  if (stored && data !== undefined) {
    const opened = await openDataset(data, { format: given.format });
    if (!opened.dataset.samples.some((sample) => sample.split === split))
      throw new InputError(`expected a split of the data with --split, got ${split}`, { file: data });
    const source = await trainedSource(stored, opened.dataset, { ...given, out: run! }, progress);
    const loaded = await loadInputs(opened, source, { progress });
    const labelled = { ...loaded, dataset: inOrderOf(graph, loaded.dataset) };
    result.auroc = await scoreAttacks(result, stored, encoder, labelled, split as Split, progress);
    await loaded.inputs.dispose();
  }
  await encoder.dispose?.();
  printResult(json, result, () => attackText(result));
}

/** The requested methods, or all. @throws {InputError} if the encoder does not support one. */
function methodsFor(encoder: TextEncoder, requested?: AttackMethod[]): AttackMethod[] {
  const open = attackMethodsOf(encoder);
  const closed = requested?.find((method) => !open.includes(method));
  if (closed !== undefined)
    throw new InputError(
      `expected --method of ${open.join(', ')} with the text encoder ${encoder.name}, got ${closed}: only one in ONNX can be differentiated`,
    );
  return requested ?? open;
}

/** Excludes `gradient`, and reports why, if the encoder has operations without a gradient here. */
async function differentiable(encoder: TextEncoder, open: AttackMethod[]): Promise<AttackMethod[]> {
  try {
    await encoder.gradients?.();
    return open;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    progress.remark(`gradient is excluded: ${error.message}`);
    return open.filter((method) => method !== 'gradient');
  }
}
