import { headDefaults, scalingNames } from '@cxr-align/heads';
import { z } from 'zod';

const { folds, attention, temperature, neighbours, spread } = headDefaults;

/** The keys of heads that are fitted without epochs. */
export const headSchema = z
  .strictObject({
    penalty: z
      .union([z.literal('auto'), z.number().positive().finite()])
      .default('auto')
      .describe(
        'logistic, csra: L2 penalty λ in mean loss + λ/2 · |w|², of features with a mean squared length of 1; auto: chosen by cross-validation by patient inside the training images',
      ),
    balance: z
      .enum(['none', 'balanced'])
      .default('none')
      .describe(
        "logistic, csra: class weights; balanced: each label's positives and negatives weigh the same in total",
      ),
    prior: z
      .enum(['zero', 'prompts'])
      .default('zero')
      .describe(
        "logistic: what the weights are shrunk to; prompts: the difference of the label's positive and negative prompt, with an encoder that shares a space with prompts.encoder",
      ),
    folds: z
      .number()
      .int()
      .min(2)
      .max(50)
      .default(folds)
      .describe('Folds, by patient, of every cross-validation inside the training images'),
    shrinkage: z
      .union([z.enum(['cross-validation', 'ledoit-wolf']), z.number().gt(0).max(1)])
      .default('cross-validation')
      .describe('gaussian: share of the identity in the covariance, or how it is estimated'),
    centroids: z
      .enum(['lp++', 'ss-text+'])
      .default('lp++')
      .describe('text-centroids: how image and text centroids are combined; ss-text+ needs no training'),
    attention: z
      .number()
      .min(0)
      .max(10)
      .default(attention)
      .describe('csra: weight of the logit that is pooled over the patches by attention'),
    temperature: z
      .number()
      .positive()
      .max(100)
      .default(temperature)
      .describe('csra: what the scores of the patches are multiplied by before the softmax over them'),
    neighbours: z
      .number()
      .int()
      .min(0)
      .default(neighbours)
      .describe(
        'neighbours: training images that an image is compared with, 0 = all; propagation: neighbours in the graph, 0 = 50',
      ),
    sharpness: z
      .union([z.literal('auto'), z.number().positive().finite()])
      .default('auto')
      .describe('neighbours, propagation: β of the kernel exp(−β(1 − cosine)); auto: chosen by cross-validation'),
    spread: z
      .number()
      .gt(0)
      .lt(1)
      .default(spread)
      .describe('propagation: share of a label that an image takes from its neighbours in the graph'),
    scaling: z
      .enum(['auto', ...scalingNames])
      .default('auto')
      .describe(
        'How features are scaled: standardized, each feature to mean 0 and standard deviation 1; centred, mean 0 and each vector to length 1; unit, each vector to length 1; auto: as the head does best',
      ),
    views: z
      .enum(['first', 'all'])
      .default('first')
      .describe(
        'Stored views of the training images that a head is fitted to: the unchanged one, or all, each with its share of the weight',
      ),
    archive: z
      .enum(['none', 'train', 'all'])
      .default('train')
      .describe(
        'gaussian, propagation: images whose features are used without labels; train: training images that are left out of the training set; all: also those of the other splits (transductive)',
      ),
    of: z
      .array(z.string())
      .min(2)
      .default(['logistic', 'gaussian', 'neighbours'])
      .describe('stack: the heads whose logits are added'),
    weights: z
      .enum(['fitted', 'equal'])
      .default('fitted')
      .describe('stack: weights of the heads; fitted: on out-of-fold predictions of the training images'),
    candidates: z
      .array(z.string())
      .min(2)
      .default(['logistic', 'gaussian', 'neighbours', 'propagation'])
      .describe('auto: the heads that nested cross-validation chooses from, the simplest first'),
  })
  .prefault({});
