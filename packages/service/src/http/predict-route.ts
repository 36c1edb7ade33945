import type { Answer, ModelIdentity } from '../model/answer.js';
import type { ServiceState } from '../service-state.js';
import { parameter, partsOf } from './multipart.js';
import type { Route, ServiceRequest } from './router.js';
import { ServiceError } from './service-error.js';

/** Images of a request, each with a name for its record. */
interface SentImage {
  name: string;
  bytes: Uint8Array;
}

/** What is answered of one image; the labels as `predict` has them. */
interface PredictRecord extends Omit<Answer, 'dicom'> {
  file: string;
  model: ModelIdentity;
}

/**
 * `POST /predict`: one image as the body, or several as the parts of a multipart body. `?explain` and `?map` ask for more. One image is
 * answered with its record, and with 422 where it was refused; several with their records in order.
 */
export function predictRoute(state: ServiceState): Route {
  return {
    method: 'POST',
    path: '/predict',
    handler: async (request) => {
      const { images, isList } = imagesOf(request);
      const wants = (name: string): boolean => !['0', 'false', null].includes(request.query.get(name));
      const records: PredictRecord[] = [];
      for (const { name, bytes } of images) {
        const answer = await state.answer('predict', { bytes, name, explain: wants('explain'), map: wants('map') });
        const { dicom: _none, ...record } = answer;
        records.push({ file: name, model: state.answerer.model, ...record });
      }
      if (isList) return { body: records };
      return { status: records[0].error === undefined ? 200 : 422, body: records[0] };
    },
  };
}

function imagesOf({ body, headers }: ServiceRequest): { images: SentImage[]; isList: boolean } {
  const type = String(headers['content-type'] ?? '');
  if (body.length === 0) throw new ServiceError(400, 'expected an image as the body, got none');
  if (!/^multipart\//i.test(type)) return { images: [{ name: 'image', bytes: new Uint8Array(body) }], isList: false };
  const images = partsOf(body, type).map(({ headers: own, body: bytes }, i) => ({
    name: (own['content-disposition'] && parameter(own['content-disposition'], 'filename')) || `image ${i + 1}`,
    bytes,
  }));
  if (images.length === 0) throw new ServiceError(400, 'expected images as parts of the body, got none');
  return { images, isList: true };
}
