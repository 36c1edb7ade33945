import type { Split } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { TextEncoder } from '@cxr-align/text-encoder';
import type { LoadedData } from '../inputs/load-inputs.js';
import {
  type FrozenTexts,
  type Model,
  ModelTexts,
  type StoredModel,
  openModel,
  predictImages,
} from '@cxr-align/classifier';
import { macroAuroc, orNull } from '@cxr-align/evaluation';
import { samplesIn } from '../inputs/prepare-data.js';
import type { Progress } from '../progress.js';
import type { AttackResult, AttackedScores } from '@cxr-align/classifier';
import type { Config } from '../config/config.js';
import { truthOf } from '../labels/targets.js';

/** Macro AUROC of a run with the first prompt of each label, and when it is changed in the ways that were found. */
export async function scoreAttacks(
  { labels }: AttackResult,
  stored: StoredModel<Config>,
  encoder: TextEncoder,
  data: LoadedData,
  split: Split,
  progress: Progress,
): Promise<AttackedScores> {
  const { texts, graph, config } = stored;
  if (!texts?.encoder || texts.tokens)
    throw new InputError(
      'expected a run with prompts of one vector each (model aligned), got another; train one with the preset aligned',
    );
  const samples = samplesIn(data.dataset, split);
  const truth = truthOf(data.dataset, config, graph);
  const count = graph.labels.length;
  const scores = async (changed: FrozenTexts): Promise<AttackedScores['before']> => {
    const { model, dispose } = openModel({ ...stored, texts: changed, zeroShot: undefined });
    const { logits } = await predictImages(model, data.inputs, samples);
    let prompts: Float32Array | undefined;
    const { zeroShot, maps } = model;
    if (zeroShot && maps) {
      const texts = new ModelTexts(changed, count);
      const byPrompts: Model = {
        forward: (images) => {
          const logits = zeroShot.scorePrompts(maps.encode(images), texts);
          return { logits, branches: [{ logits }] };
        },
      };
      prompts = (await predictImages(byPrompts, data.inputs, samples)).logits;
      texts.dispose();
    }
    dispose();
    return {
      model: orNull(macroAuroc(logits, samples, truth, count)),
      prompts: prompts ? orNull(macroAuroc(prompts, samples, truth, count)) : null,
    };
  };
  const ways = new Map<string, Map<string, string>>();
  for (const { label, suffixes, edits } of labels) {
    const changes = [...Object.entries(suffixes), ...edits.map((one) => [one.edit, one] as const)];
    for (const [way, { text }] of changes) {
      if (!ways.has(way)) ways.set(way, new Map());
      if (!ways.get(way)!.has(label)) ways.get(way)!.set(label, text);
    }
  }
  const bar = progress.start('predicting with changed prompts', ways.size + 1);
  // Compared with the prompts that were changed, the first of each label: an ensemble would differ from them anyway.
  const clean = await withPrompts(texts, graph, encoder, new Map(labels.map(({ label, prompt }) => [label, prompt])));
  const before = await scores(clean);
  const after: AttackedScores['after'] = {};
  bar.update(1);
  for (const [way, changed] of ways) {
    after[way] = await scores(await withPrompts(clean, graph, encoder, changed));
    bar.update(Object.keys(after).length + 1);
  }
  bar.stop();
  return { split, before, after };
}

/** Texts of a run with the positive prompts of some labels changed. */
async function withPrompts(
  texts: FrozenTexts,
  graph: LabelGraph,
  encoder: TextEncoder,
  changed: ReadonlyMap<string, string>,
): Promise<FrozenTexts> {
  const data = Float32Array.from(texts.prompts.data);
  const labels = [...changed.keys()];
  const vectors = await encoder.encode([...changed.values()]);
  labels.forEach((label, i) =>
    data.set(vectors.subarray(i * encoder.dim, (i + 1) * encoder.dim), graph.labels.indexOf(label) * encoder.dim),
  );
  return { ...texts, prompts: { shape: texts.prompts.shape, data } };
}
