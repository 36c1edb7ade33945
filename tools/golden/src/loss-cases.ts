import * as losses from '@cxr-align/losses';
import * as reference from '@cxr-align/losses/reference';
import * as tf from '@tensorflow/tfjs-core';
import { differentiate, type Forward, type Inputs } from './differentiate.js';
import { flatten, type Computed, type GoldenCase } from './vector-file.js';

type Case = (inputs: Inputs, one: GoldenCase) => Forward;

const numbers = (one: GoldenCase, name: string): number[] => flatten(one.inputs![name]);

const referenceGraph: Case = ({ sim, prior }, { params }) => {
  const prepare = ({ NA: 'none', softmax: 'softmax', normalization: 'normalize' } as const)[params!.prep as 'NA'];
  const each = reference.secondOrderGraphLoss(sim, prior, { prepare, reduction: 'none' });
  return {
    loss: reference.secondOrderGraphLoss(sim, prior, { prepare }),
    outputs: { row_cosines: tf.sub(1, each) },
  };
};

const binary: Case = ({ logits, targets, mask, pos_weight: posWeight }, { params }) => ({
  loss: losses.binaryCrossEntropyLoss(logits, targets, {
    mask,
    posWeight: posWeight,
    reduction: (params?.reduction as 'sum') ?? 'mean',
  }),
});

const kendall: Case = ({ losses: values, s, sigma }, { id, params }) => {
  if (id.startsWith('kendall/log_variance')) {
    const kinds = ['classification', 'classification', 'classification', 'regression'] as const;
    return { loss: losses.uncertaintyWeightedLoss(tf.unstack(values), s, { kinds }) };
  }
  return { loss: reference.referenceUncertaintyLoss(values, sigma, { sharedWith: params!.repaired ? undefined : 1 }) };
};

/** The reference implementation rounds ln 100. */
const referenceMaxScale = 4.6052;

/** How each case is computed, by the start of its id; the longest start that fits counts. */
const cases: Record<string, Case> = {
  'label_conditioned/': ({ image, positive, negative, targets, mask, related, logit_scale: logitScale, bias }, { params }) => {
    const options = { logitScale, bias };
    const prompts = { positive, negative };
    const all = { ...options, mask, excludedNegatives: related };
    const { presence, discrimination } = losses.labelConditionedAlignmentTerms(image, prompts, targets, all);
    return {
      loss: losses.labelConditionedAlignmentLoss(image, prompts, targets, { ...all, discriminationWeight: params!.across as number }),
      outputs: { pair: presence, across: discrimination, logits: losses.similarityLogits(image, prompts, options) },
    };
  },
  'graph_pearson/': ({ embeddings, target }) => ({ loss: losses.graphAlignmentLoss(embeddings, target) }),
  'graph_cka/': ({ embeddings, target }) => ({ loss: losses.graphAlignmentLoss(embeddings, target, { form: 'kernel' }) }),
  'hierarchy/max_constraint': ({ logits, targets }, one) => {
    const reach = one.inputs!.reach as number[][];
    const descendants = reach.map((line, i) => line.flatMap((reached, j) => (reached === 1 && i !== j ? [j] : [])));
    return {
      loss: losses.maxConstraintLoss(logits, targets, { descendants }),
      outputs: { coherent: tf.sigmoid(losses.enforceHierarchy(logits, { descendants })) },
    };
  },
  'hierarchy/violation_hinge': ({ logits }, one) => {
    const children = numbers(one, 'children');
    const edges = numbers(one, 'parents').map((parent, i) => ({ parent, child: children[i] }));
    return { loss: losses.hierarchyViolationLoss(logits, { edges }) };
  },
  'cos_orth/': ({ vectors }, { params }) => {
    // The reference implementation has half of the mean, too.
    const isHalf = params!.reduction === 'half_mean';
    const loss = losses.absoluteCosineLoss(vectors, { reduction: isHalf ? 'mean' : (params!.reduction as 'sum') });
    return { loss: isHalf ? tf.div(loss, 2) : loss };
  },
  'text_dif/': ({ emb, logit_scale: logitScale }, { params }) => ({
    loss: reference.identityCrossEntropyLoss(emb, { logitScale, maxScale: referenceMaxScale, normalize: params!.normalize as boolean }),
    outputs: {
      clamped_logit_scale: tf.clipByValue(logitScale, 0, referenceMaxScale),
      logits: tf.mul(tf.matMul(emb, emb, false, true), tf.exp(tf.clipByValue(logitScale, 0, referenceMaxScale))),
    },
  }),
  'label_clip/': ({ text, img, logit_scale: logitScale }, { params }) => {
    const contrast = params!.variant === 'rownorm' ? reference.referenceLabelContrastiveLoss : losses.labelContrastiveLoss;
    const of = (direction?: 'imageToText' | 'textToImage') =>
      contrast(img, text, { logitScale, normalize: params!.normalize as boolean, direction });
    return { loss: of(), outputs: { caption_loss: of('textToImage'), image_loss: of('imageToText') } };
  },
  'soft_itc/': ({ logits, img_labels: images, text_labels: texts }, { params }) => {
    const of = (direction?: 'imageToText' | 'textToImage') =>
      losses.softLabelContrastiveLoss(logits, images, texts, { clamp: params!.clamp as boolean, direction });
    return { loss: of(), outputs: { image_loss: of('imageToText'), caption_loss: of('textToImage') } };
  },
  'soft_itc_bce/': ({ logits, img_labels: images, text_labels: texts }) => ({ loss: losses.softLabelPairLoss(logits, images, texts) }),
  'graph/': referenceGraph,
  'graph/chain': ({ text, img, logit_scale: logitScale, prior }) => {
    const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.sum(tf.square(x), -1, true)));
    const similarity = tf.mul(tf.matMul(unit(text), unit(img), false, true), tf.exp(logitScale));
    return { loss: reference.secondOrderGraphLoss(similarity, prior) };
  },
  'bce/': binary,
  'ce3/': ({ logits, classes, weight }) => {
    const mask = tf.cast(tf.greaterEqual(classes, 0), 'float32');
    return { loss: losses.threeClassCrossEntropyLoss(logits, tf.maximum(classes, 0), { mask, weight }) };
  },
  'focal/': ({ logits, targets }, { params }) => {
    const alpha = (params?.alpha as number) ?? 0.25;
    return {
      loss: losses.focalLoss(logits, targets, { alpha: alpha < 0 ? null : alpha, gamma: (params?.gamma as number) ?? 2, reduction: params?.reduction as 'mean' }),
    };
  },
  'asl/': ({ logits, targets }, { params }) => ({
    loss: losses.asymmetricLoss(logits, targets, {
      gammaNegative: params!.gamma_neg as number,
      gammaPositive: params!.gamma_pos as number,
      clip: params!.clip as number,
      detachFocus: !(params!.weight_grad as boolean),
      reduction: params!.reduction as 'mean',
    }),
  }),
  'ldam/multiclass': ({ logits, classes, weight }, one) => ({
    loss: losses.ldamLoss(logits, classes, { counts: numbers(one, 'counts'), maxMargin: one.params!.max_m as number, scale: one.params!.s as number, weight }),
  }),
  'ldam/multilabel': ({ logits, targets }, one) => ({
    loss: losses.multiLabelLdamLoss(logits, targets, { counts: numbers(one, 'counts'), maxMargin: one.params!.max_m as number, scale: one.params!.s as number }),
  }),
  'class_balanced/': ({ logits, targets, weight }) => ({
    loss: tf.mean(tf.mul(losses.binaryCrossEntropyLoss(logits, targets, { reduction: 'none' }), weight)),
  }),
  'kendall/': kendall,
  'task_balance/': ({ losses: values }, { params }) => ({ loss: reference.referenceTaskDifficultyLoss(values, { temperature: params!.T as number }) }),
  'bmtl_exp/': ({ losses: values }, { params }) => ({ loss: losses.taskDifficultyLoss(values, { form: 'exp', temperature: params!.T as number }) }),
  'learnable/': ({ losses: values, w }) => ({ loss: tf.sum(tf.mul(values, w)) }),
  'fixed/': ({ losses: values }, one) => {
    const tasks = numbers(one, 'w').map((weight, i) => [`task${i}`, weight] as const);
    const parts = tf.unstack(values) as tf.Scalar[];
    return { loss: new losses.FixedWeighting(Object.fromEntries(tasks)).combine(Object.fromEntries(tasks.map(([task], i) => [task, parts[i]]))) };
  },
};

/** Computes a loss case; undefined if the id is of no known kind. */
export function lossCase(one: GoldenCase): Promise<Computed> | undefined {
  const start = Object.keys(cases)
    .filter((prefix) => one.id.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0];
  return start === undefined ? undefined : differentiate(one, (inputs) => cases[start](inputs, one));
}
