import { frozenTexts } from '@cxr-align/classifier';
import { InputError } from '@cxr-align/files';
import { heads, matrixOf, type HeadOptions, type HeadProblem, type TextWeights } from '@cxr-align/heads';
import { fitEnsembleWeights } from '@cxr-align/metrics';
import type { Config } from '../config/config-schema.js';
import { FeatureInputs, pooledRows } from '../inputs/feature-inputs.js';
import type { PreparedTraining } from './prepare-training.js';
import type { TrainOptions } from './train-options.js';

/** What the heads of a configuration need beside pooled features. */
export interface HeadNeeds {
  maps: boolean;
  texts: boolean;
  archive: boolean;
}

/** What some heads need. @param names a stack stands for its members. */
export function needsOf(names: readonly string[], head: Config['head']): HeadNeeds {
  const types = names.flatMap((name) => (name === 'stack' ? head.of : [name])).map((name) => heads.get(name));
  return {
    maps: types.some(({ usesMaps }) => usesMaps === true),
    texts: types.some(({ usesTexts: uses }) =>
      typeof uses === 'function' ? uses(head as HeadOptions) : uses === true,
    ),
    archive: types.some(({ usesArchive }) => usesArchive === true),
  };
}

/**
 * What heads are fitted to: features and targets of the training images, patients, and what else they need.
 *
 * @returns with remarks on what is used.
 * @throws {InputError} if texts are needed and do not share a space with the features.
 */
export async function headProblem(
  { data, config }: Pick<TrainOptions, 'data' | 'config'>,
  prepared: PreparedTraining,
  needs: HeadNeeds,
): Promise<{ problem: HeadProblem; remarks: string[] }> {
  const { loaded, dataset, graph, training, targets } = prepared;
  const inputs = loaded.inputs as FeatureInputs;
  const { labels } = graph;
  const stored = inputs.store.index.views;
  const views = config.head.views === 'all' ? stored : 1;
  const archive = needs.archive ? archiveRows(inputs, { data, config, prepared }) : [];
  const patients = new Map<string, number>();
  const groups = training.map((sample) => {
    const { patient } = dataset.samples[sample];
    if (!patients.has(patient)) patients.set(patient, patients.size);
    return patients.get(patient)!;
  });
  return {
    problem: {
      labels,
      features: inputs.pooled(training, views),
      views,
      ...(needs.maps && { maps: inputs.maps(training) }),
      targets: Float64Array.from(
        training.flatMap((sample) => [...targets.subarray(sample * labels.length, (sample + 1) * labels.length)]),
      ),
      groups,
      ids: training.map((sample) => dataset.samples[sample].id),
      ...(archive.length > 0 && { archive: pooledRows(inputs.store, archive) }),
      ...(needs.texts && { texts: await textsInSpace(config, prepared, inputs.description.dim) }),
      weigh: (truth, logits) => fitEnsembleWeights(truth, logits),
      seed: config.seed,
    },
    remarks: [
      ...(stored > 1
        ? [
            `head.views=${config.head.views}: ${views === 1 ? 'the unchanged view' : `all ${views} views`} of each training image of ${stored} stored`,
          ]
        : []),
      ...(archive.length > 0
        ? [
            `${archive.length} images beside the training set are used without their labels (head.archive=${config.head.archive})${config.head.archive === 'all' ? ', those that are evaluated among them' : ''}`,
          ]
        : []),
    ],
  };
}

/** The store's rows of the images that are used without labels. */
function archiveRows(
  { store }: FeatureInputs,
  { data, config, prepared }: Pick<TrainOptions, 'data' | 'config'> & { prepared: PreparedTraining },
): number[] {
  if (config.head.archive === 'none') return [];
  const { dataset, training } = prepared;
  const used = new Set(training.map((sample) => dataset.samples[sample].id));
  const kept = new Set(['val', 'test']);
  // Splits that were drawn for this training count, too.
  const splitOf = new Map(dataset.samples.map(({ id, split }) => [id, split]));
  return data.dataset.samples.flatMap(({ id, split }) => {
    const place = store.places.get(id);
    const isKept = kept.has(splitOf.get(id) ?? split);
    const isWanted = !used.has(id) && (config.head.archive === 'all' || !isKept);
    return place !== undefined && isWanted ? [place * store.index.views] : [];
  });
}

/** The labels' texts, of the length of the features. @throws {InputError} if they are of another space. */
async function textsInSpace(config: Config, { graph }: PreparedTraining, dim: number): Promise<TextWeights> {
  const { prompts, encoder } = await frozenTexts(config, graph);
  const [kinds, labels, length] = prompts.shape;
  if (length !== dim || kinds < 2 || encoder?.name === 'built-in')
    throw new InputError(
      `expected prompts.encoder to share a space with the image encoder, with positive and negative prompts of ${dim} numbers, got ${kinds === 2 ? 'both' : 'positive ones alone'} of ${length} by ${encoder?.name ?? 'another program'}; use the two encoders of a dual encoder, or a head without texts`,
    );
  const rows = labels * length;
  const data = Float64Array.from(prompts.data);
  return {
    present: matrixOf(labels, length, data.slice(0, rows)),
    absent: matrixOf(labels, length, data.slice(rows, 2 * rows)),
  };
}

/** The store that the features of a training are in. @throws {InputError} if its inputs are images. */
export function storedFeatures({ loaded }: PreparedTraining): FeatureInputs {
  if (loaded.inputs instanceof FeatureInputs) return loaded.inputs;
  throw new InputError(
    `expected stored features of one frozen encoder to fit a head to, got ${loaded.inputs.description.kind === 'features' ? `those of ${loaded.inputs.description.source.encoder}` : 'images'}; extract features first, or name one store`,
  );
}
