import * as losses from '@cxr-align/losses';
import * as reference from '@cxr-align/losses/reference';
import { AdamW, linear, Parameters, ForwardContext, scheduleFactor, TransformerLayer } from '@cxr-align/nn';
import * as tf from '@tensorflow/tfjs-core';
import { differentiate, tensorsOf, type Forward, type Inputs } from './differentiate.js';
import { flatten, type Computed, type GoldenCase } from './vector-file.js';

/** Computes a case of model_pieces.json; undefined if the id is of no known kind. */
export function modelCase(one: GoldenCase): Promise<Computed> | undefined {
  const [kind] = one.id.split('/');
  switch (kind) {
    case 'encoder_layer':
      return withLayers(one, [''], (inputs, layers) => {
        const y = layers[0](inputs.x);
        return { loss: tf.sum(tf.mul(y, inputs.probe)), outputs: { y } };
      });
    case 'classifier':
      return differentiate(one, (inputs) => {
        const z = sharedClassifier(inputs.x, inputs);
        return { loss: tf.sum(tf.mul(z, inputs.probe)), outputs: { z } };
      });
    case 'tiny_model':
      return withLayers(one, ['img0_', 'img1_', 'txt0_', 'txt1_'], tinyModel);
    case 'adamw':
      return adamWCase(one);
    case 'schedule': {
      const { warmup, total } = one.params as Record<string, number>;
      const factor = Array.from({ length: total + 1 }, (_, step) => scheduleFactor('warmup-cosine', step, { warmup, total }));
      return Promise.resolve({ outputs: { factor } });
    }
    default:
      return undefined;
  }
}

const transposed = (x: tf.Tensor): tf.Tensor2D => tf.transpose(x as tf.Tensor2D);

/** relu(F x + b) twice with the same F and b, then one unit. */
function sharedClassifier(x: tf.Tensor, { wf, bf, wc, bc }: Inputs): tf.Tensor {
  const shared = (input: tf.Tensor): tf.Tensor => tf.relu(linear(input, transposed(wf), bf as tf.Tensor1D));
  return tf.squeeze(linear(shared(shared(x)), transposed(wc), bc as tf.Tensor1D), [-1]);
}

function tinyModel(inputs: Inputs, [img0, img1, txt0, txt1]: ((x: tf.Tensor) => tf.Tensor)[]): Forward {
  const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.sqrt(tf.sum(tf.square(x), -1, true)));
  const [labels, dim] = inputs.prompts.shape as [number, number];
  const [batch] = inputs.feats.shape;
  const mapped = linear(linear(inputs.feats, transposed(inputs.wa), inputs.ba as tf.Tensor1D), transposed(inputs.wb), inputs.bb as tf.Tensor1D);
  const image = unit(img1(img0(tf.reshape(mapped, [batch, labels, dim])))) as tf.Tensor3D;
  const text = unit(txt1(txt0(tf.expandDims(inputs.prompts, 0)))) as tf.Tensor3D;
  const logits = sharedClassifier(image, inputs) as tf.Tensor2D;
  const prompts = tf.squeeze(text, [0]) as tf.Tensor2D;
  const clip = reference.referenceLabelContrastiveLoss(image, prompts, { logitScale: inputs.logit_scale });
  const classification = losses.binaryCrossEntropyLoss(logits, inputs.target);
  const orthogonal = reference.identityCrossEntropyLoss(prompts, { logitScale: inputs.dif_scale });
  const similarity = tf.mul(tf.matMul(tf.tile(text, [batch!, 1, 1]), image, false, true), tf.exp(inputs.logit_scale));
  const graph = reference.secondOrderGraphLoss(similarity, inputs.prior);
  const all = tf.stack([clip, classification, orthogonal, graph]);
  return {
    loss: reference.referenceTaskDifficultyLoss(all),
    outputs: { img_embeds: image, text_embeds: text, logits, loss_clip_cls_orth_graph: all },
  };
}

/** Names of a layer's arrays in the files, and where our layer has them. */
const layerParts: [name: string, places: string[]][] = [
  ['wqkv', ['self/query/weight', 'self/keyValue/weight']],
  ['bqkv', ['self/query/bias', 'self/keyValue/bias']],
  ['wo', ['self/output/weight']],
  ['bo', ['self/output/bias']],
  ['g1', ['selfNorm/gamma']],
  ['b1', ['selfNorm/beta']],
  ['w1', ['feedForward/first/weight']],
  ['c1', ['feedForward/first/bias']],
  ['w2', ['feedForward/second/weight']],
  ['c2', ['feedForward/second/bias']],
  ['g2', ['feedForwardNorm/gamma']],
  ['b2', ['feedForwardNorm/beta']],
];

/**
 * Runs a case in which some inputs are the weights of our transformer layers: the files have them as [out, in], query,
 * key and value in one; ours are [in, out], the query on its own.
 */
async function withLayers(one: GoldenCase, prefixes: string[], forward: (inputs: Inputs, layers: ((x: tf.Tensor) => tf.Tensor)[]) => Forward): Promise<Computed> {
  const inputs = tensorsOf(one);
  const parameters = new Parameters(0);
  const heads = one.params!.heads as number;
  const layers = prefixes.map((prefix, i) => {
    const [feedForward, dim] = inputs[`${prefix}w1`].shape as [number, number];
    return new TransformerLayer(parameters.scope(`layer${i}`), { dim, heads, feedForward, dropout: 0 });
  });
  const variables = new Map(parameters.all().map(({ name, variable }) => [name, variable]));
  const placesOf = (prefix: string, i: number) => layerParts.map(([name, places]) => ({ input: `${prefix}${name}`, places: places.map((place) => variables.get(`layer${i}/${place}`)!) }));
  const parts = prefixes.flatMap(placesOf);
  for (const { input, places } of parts) {
    const whole = inputs[input].rank === 2 ? tf.transpose(inputs[input]) : inputs[input];
    const sizes = places.map(({ shape }) => shape[shape.length - 1]!);
    tf.split(whole, sizes, -1).forEach((part, k) => places[k].assign(part));
  }
  // Every other input becomes a variable too, so that one pass gives all gradients.
  const others = new Map(Object.entries(inputs).filter(([name]) => !parts.some(({ input }) => input === name)).map(([name, tensor]) => [name, tf.variable(tensor)]));
  const run = layers.map((layer) => (x: tf.Tensor) => layer.forward(x, new ForwardContext({ training: false })).value);
  const values: Inputs = { ...inputs, ...Object.fromEntries(others) };
  const { loss, outputs = {} } = forward(values, run);
  const { grads } = tf.variableGrads(() => forward(values, run).loss as tf.Scalar, [...others.values(), ...variables.values()]);
  const computed: Computed = { loss: (await loss.data())[0], grads: {}, outputs: {} };
  for (const [name, tensor] of Object.entries(outputs)) computed.outputs![name] = [...(await tensor.data())];
  for (const name of Object.keys(one.expected.grads ?? {})) {
    const part = parts.find(({ input }) => input === name);
    const whole = part ? tf.concat(part.places.map((variable) => grads[variable.name]), -1) : grads[others.get(name)!.name];
    computed.grads![name] = flatten([...(await (part && whole.rank === 2 ? tf.transpose(whole) : whole).data())]);
  }
  parameters.dispose();
  tf.dispose([inputs, loss, outputs, grads, [...others.values()]]);
  return computed;
}

async function adamWCase(one: GoldenCase): Promise<Computed> {
  const { w0, grads } = one.inputs as { w0: number[]; grads: number[][] };
  const { lr, beta1, beta2, eps, weight_decay: weightDecay, max_grad_norm: norm } = one.params as Record<string, number | null>;
  const parameters = new Parameters(0);
  // A matrix, since vectors are not decayed.
  const weights = parameters.addParameter('w', [1, w0.length], { constant: 0 });
  weights.assign(tf.tensor2d([w0]));
  const optimizer = new AdamW(parameters.trainable(), { beta1: beta1!, beta2: beta2!, eps: eps!, weightDecay: weightDecay!, maxGradientNorm: norm ?? undefined });
  const steps: number[] = [];
  for (const gradient of grads) {
    optimizer.applyGradients({ [weights.name]: tf.tensor2d([gradient]) }, { learningRate: lr! }).dispose();
    steps.push(...(await weights.data()));
  }
  optimizer.dispose();
  parameters.dispose();
  return { outputs: { w_after_each_step: steps } };
}
