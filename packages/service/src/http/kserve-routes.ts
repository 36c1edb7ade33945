import type { Answerer } from '../model/answer.js';
import type { ServiceState } from '../service-state.js';
import type { Route } from './router.js';
import { ServiceError } from './service-error.js';

/** A tensor of KServe's protocol. */
interface Tensor {
  name: string;
  shape: number[];
  datatype: string;
  data: unknown[];
}

/**
 * KServe's inference protocol, version 2: the model is called `cxr-align`. Its input `image` is a tensor of BYTES, each a file in
 * base64; its outputs are `probabilities` FP32 [images, labels], `positive` BOOL [images, labels] and `labels` BYTES [labels].
 *
 * @see https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
 */
export function kserveRoutes(state: ServiceState): Route[] {
  const { answerer } = state;
  const { version } = answerer.model;
  return [
    { method: 'GET', path: '/v2', handler: () => ({ body: { name: model, version, extensions: [] } }) },
    { method: 'GET', path: '/v2/health/live', isOpen: true, handler: () => ({ body: { live: true } }) },
    {
      method: 'GET',
      path: '/v2/health/ready',
      isOpen: true,
      handler: () => ({ status: state.isStopping ? 503 : 200, body: { ready: !state.isStopping } }),
    },
    {
      method: 'GET',
      path: '/v2/models/:name/ready',
      handler: ({ params: { name } }) => {
        refuseOther(name);
        return { body: { name, ready: !state.isStopping } };
      },
    },
    {
      method: 'GET',
      path: '/v2/models/:name',
      handler: ({ params: { name } }) => {
        refuseOther(name);
        return { body: description(answerer) };
      },
    },
    {
      method: 'POST',
      path: '/v2/models/:name/infer',
      handler: async ({ params: { name }, body }) => {
        refuseOther(name);
        return { body: await infer(state, body) };
      },
    },
  ];
}

/** Clients call the model so. */
const model = 'cxr-align';

function refuseOther(name: string): void {
  if (name !== model) throw new ServiceError(404, `expected the model ${model}, got another name`);
}

function description({ labels: { length: labels }, model: { version } }: Answerer) {
  return {
    name: model,
    versions: [version],
    platform: 'cxr-align',
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape: [-1, labels] },
      { name: 'positive', datatype: 'BOOL', shape: [-1, labels] },
      { name: 'labels', datatype: 'BYTES', shape: [labels] },
    ],
  };
}

async function infer(state: ServiceState, body: Buffer) {
  const { labels: names, model: own } = state.answerer;
  const { id, images } = imagesOf(body);
  const probabilities: number[] = [];
  const positive: boolean[] = [];
  for (const [i, bytes] of images.entries()) {
    const { labels, error } = await state.answer('infer', { bytes, name: `image ${i + 1}` });
    if (!labels) throw new ServiceError(422, error ?? 'the image has no answer');
    for (const name of names) {
      probabilities.push(labels[name].probability);
      positive.push(labels[name].positive);
    }
  }
  const shape = [images.length, names.length];
  return {
    model_name: model,
    model_version: own.version,
    ...(id !== undefined && { id }),
    outputs: [
      { name: 'probabilities', datatype: 'FP32', shape, data: probabilities },
      { name: 'positive', datatype: 'BOOL', shape, data: positive },
      { name: 'labels', datatype: 'BYTES', shape: [names.length], data: [...names] },
    ],
  };
}

function imagesOf(body: Buffer): { id?: string; images: Uint8Array[] } {
  let parsed: { id?: string; inputs?: Tensor[] };
  try {
    parsed = JSON.parse(body.toString('utf8')) as typeof parsed;
  } catch {
    throw new ServiceError(400, 'expected a request as JSON, got another text');
  }
  const input = Array.isArray(parsed?.inputs) ? parsed.inputs.find(({ name }) => name === 'image') : undefined;
  const data = input?.data;
  if (!input || input.datatype !== 'BYTES' || !Array.isArray(data) || !data.every((one) => typeof one === 'string'))
    throw new ServiceError(400, 'expected an input image of BYTES, files in base64, got another');
  if (input.shape?.length !== 1 || input.shape[0] !== data.length)
    throw new ServiceError(400, `expected the shape [${data.length}] of the data, got [${String(input.shape)}]`);
  return { id: parsed.id, images: data.map((one) => new Uint8Array(Buffer.from(one as string, 'base64'))) };
}
