import * as losses from '@cxr-align/losses';
import * as tf from '@tensorflow/tfjs-core';
import { differentiate, type Forward, type Inputs } from './differentiate.js';
import { flatten, type Computed, type GoldenCase } from './vector-file.js';

type Case = (inputs: Inputs, one: GoldenCase) => Forward;

const matrix = (tensor: tf.Tensor): tf.Tensor2D => tensor as tf.Tensor2D;
const cube = (tensor: tf.Tensor): tf.Tensor3D => tensor as tf.Tensor3D;
const row = (tensor: tf.Tensor): tf.Tensor1D => tensor as tf.Tensor1D;
const scalar = (tensor: tf.Tensor): tf.Scalar => tensor as tf.Scalar;
const numbers = (one: GoldenCase, name: string): number[] => flatten(one.inputs![name]);

const seedGraph: Case = ({ sim, prior }, { params }) => {
  const prepare = ({ NA: 'none', softmax: 'softmax', normalization: 'normalize' } as const)[params!.prep as 'NA'];
  const each = losses.secondOrderGraphLoss(cube(sim), matrix(prior), { prepare, reduction: 'none' });
  return {
    loss: losses.secondOrderGraphLoss(cube(sim), matrix(prior), { prepare }),
    outputs: { row_cosines: tf.sub(1, each) },
  };
};

const binary: Case = ({ logits, targets, mask, pos_weight: posWeight }, { params }) => ({
  loss: losses.binaryCrossEntropy(matrix(logits), matrix(targets), {
    mask: mask && matrix(mask),
    posWeight: posWeight && row(posWeight),
    reduction: (params?.reduction as 'sum') ?? 'mean',
  }),
});

const kendall: Case = ({ losses: values, s, sigma }, { id, params }) => {
  if (id.startsWith('kendall/log_variance')) {
    const kinds = ['classification', 'classification', 'classification', 'regression'] as const;
    return { loss: losses.uncertaintyWeighted(tf.unstack(values) as tf.Scalar[], row(s), kinds) };
  }
  return { loss: losses.seedUncertainty(row(values), row(sigma), params!.repaired ? undefined : 1) };
};

/** The first implementation rounds ln 100. */
const seedMaxScale = 4.6052;

/** How each case is computed, by the start of its id; the longest start that fits counts. */
const cases: Record<string, Case> = {
  'label_conditioned/': ({ image, positive, negative, targets, mask, related, logit_scale: logitScale, bias }, { params }) => {
    const options = { logitScale: scalar(logitScale), ...(bias && { bias: scalar(bias) }) };
    const prompts = { positive: matrix(positive), ...(negative && { negative: matrix(negative) }) };
    const { loss, pair, across } = losses.labelConditionedAlignment(cube(image), prompts, matrix(targets), {
      ...options,
      mask: mask && matrix(mask),
      related: related && matrix(related),
      acrossWeight: params!.across as number,
    });
    return { loss, outputs: { pair, across, logits: losses.similarityLogits(cube(image), prompts, options) } };
  },
  'graph_pearson/': ({ embeddings, target }) => ({ loss: losses.graphAlignment(cube(embeddings), matrix(target)) }),
  'graph_cka/': ({ embeddings, target }) => ({ loss: losses.graphAlignment(cube(embeddings), matrix(target), { form: 'kernel' }) }),
  'hierarchy/max_constraint': ({ logits, targets }, one) => {
    const reach = one.inputs!.reach as number[][];
    const descendants = reach.map((line, i) => line.flatMap((reached, j) => (reached === 1 && i !== j ? [j] : [])));
    return {
      loss: losses.maxConstraintLoss(matrix(logits), matrix(targets), descendants),
      outputs: { coherent: tf.sigmoid(losses.coherentLogits(matrix(logits), descendants)) },
    };
  },
  'hierarchy/violation_hinge': ({ logits }, one) => {
    const children = numbers(one, 'children');
    const edges = numbers(one, 'parents').map((parent, i) => ({ parent, child: children[i] }));
    return { loss: losses.violationHinge(matrix(logits), edges) };
  },
  'cos_orth/': ({ vectors }, { params }) => ({
    loss: losses.absoluteCosineLoss(vectors as tf.Tensor3D, { reduction: (params!.reduction as string).replace('_', '-') as 'sum' }),
  }),
  'text_dif/': ({ emb, logit_scale: logitScale }, { params }) => ({
    loss: losses.identityCrossEntropy(emb as tf.Tensor3D, { logitScale: scalar(logitScale), maxScale: seedMaxScale, normalize: params!.normalize as boolean }),
    outputs: {
      clamped_logit_scale: tf.clipByValue(logitScale, 0, seedMaxScale),
      logits: tf.mul(tf.matMul(emb, emb, false, true), tf.exp(tf.clipByValue(logitScale, 0, seedMaxScale))),
    },
  }),
  'label_clip/': ({ text, img, logit_scale: logitScale }, { params }) => {
    const { loss, textToImage, imageToText } = losses.labelContrastiveLoss(cube(img), cube(text), {
      logitScale: scalar(logitScale),
      normalize: params!.normalize as boolean,
      variant: params!.variant === 'rownorm' ? 'seed' : 'standard',
    });
    return { loss, outputs: { caption_loss: textToImage, image_loss: imageToText } };
  },
  'soft_itc/': ({ logits, img_labels: images, text_labels: texts }, { params }) => {
    const { loss, imageToText, textToImage } = losses.softLabelContrastive(matrix(logits), matrix(images), matrix(texts), { clamp: params!.clamp as boolean });
    return { loss, outputs: { image_loss: imageToText, caption_loss: textToImage } };
  },
  'soft_itc_bce/': ({ logits, img_labels: images, text_labels: texts }) => ({ loss: losses.softLabelPairLoss(matrix(logits), matrix(images), matrix(texts)) }),
  'graph/': seedGraph,
  'graph/chain': ({ text, img, logit_scale: logitScale, prior }) => {
    const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.sum(tf.square(x), -1, true)));
    const similarity = tf.mul(tf.matMul(unit(text), unit(img), false, true), tf.exp(logitScale));
    return { loss: losses.secondOrderGraphLoss(cube(similarity), matrix(prior)) };
  },
  'bce/': binary,
  'ce3/': ({ logits, classes, weight }) => {
    const mask = tf.cast(tf.greaterEqual(classes, 0), 'float32');
    return { loss: losses.threeClassCrossEntropy(cube(logits), matrix(tf.maximum(classes, 0)), { mask: matrix(mask), weight: weight && row(weight) }) };
  },
  'focal/': ({ logits, targets }, { params }) => {
    const alpha = (params?.alpha as number) ?? 0.25;
    return {
      loss: losses.focalLoss(matrix(logits), matrix(targets), { alpha: alpha < 0 ? null : alpha, gamma: (params?.gamma as number) ?? 2, reduction: params?.reduction as 'mean' }),
    };
  },
  'asl/': ({ logits, targets }, { params }) => ({
    loss: losses.asymmetricLoss(matrix(logits), matrix(targets), {
      gammaNegative: params!.gamma_neg as number,
      gammaPositive: params!.gamma_pos as number,
      clip: params!.clip as number,
      detachFocus: !(params!.weight_grad as boolean),
      reduction: params!.reduction as 'mean',
    }),
  }),
  'ldam/multiclass': ({ logits, classes, weight }, one) => ({
    loss: losses.ldamLoss(matrix(logits), row(classes), { counts: numbers(one, 'counts'), maxMargin: one.params!.max_m as number, scale: one.params!.s as number, weight: weight && row(weight) }),
  }),
  'ldam/multilabel': ({ logits, targets }, one) => ({
    loss: losses.multiLabelLdamLoss(matrix(logits), matrix(targets), { counts: numbers(one, 'counts'), maxMargin: one.params!.max_m as number, scale: one.params!.s as number }),
  }),
  'class_balanced/': ({ logits, targets, weight }) => ({
    loss: tf.mean(tf.mul(losses.binaryCrossEntropy(matrix(logits), matrix(targets), { reduction: 'none' }), weight)),
  }),
  'kendall/': kendall,
  'task_balance/': ({ losses: values }, { params }) => ({ loss: losses.taskDifficulty(row(values), { form: 'seed', temperature: params!.T as number }) }),
  'bmtl_exp/': ({ losses: values }, { params }) => ({ loss: losses.taskDifficulty(row(values), { form: 'exp', temperature: params!.T as number }) }),
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
