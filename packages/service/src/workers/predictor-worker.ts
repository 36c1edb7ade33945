// A process that owns a model and answers for one image after the other.
import { join } from 'node:path';
import {
  type ImageSource,
  type Predictor,
  dicomIdsOf,
  dicomResults,
  folderHash,
  openPredictor,
  readModel,
  thresholdOriginOf,
} from '@cxr-align/classifier';
import { type EngineName, startEngine } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import type { Answer, ModelIdentity, Question } from '../model/answer.js';
import type { FromWorker, ToWorker, WorkerStart } from '../model/messages.js';

let opened: { predictor: Predictor<ImageSource>; model: ModelIdentity; start: WorkerStart } | undefined;

process.on('message', (message: ToWorker) => {
  void (message.kind === 'start' ? open(message.start) : ask(message.question)).then(send);
});
// Without the service an answer has no receiver.
process.on('disconnect', () => process.exit(0));
// Signals go to the service, which ends its workers.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

function send(message: FromWorker): void {
  process.send!(message);
}

async function open(start: WorkerStart): Promise<FromWorker> {
  try {
    const { run, encoder, version } = start;
    const engine = await startEngine(start.engine as EngineName | 'auto', { threads: start.threads });
    const predictor = await openPredictor(run, { encoder });
    const model = {
      name: run,
      hash: folderHash(join(run, 'model')),
      version,
      engine: `${engine.name} (${engine.description})`,
      thresholds: thresholdOriginOf(readModel(run)),
    };
    opened = { predictor, model, start };
    return { kind: 'ready', model, labels: [...predictor.labels] };
  } catch (error) {
    return error instanceof InputError
      ? { kind: 'refused', message: error.message }
      : { kind: 'fault', message: (error as Error).message };
  }
}

async function ask(question: Question): Promise<FromWorker> {
  try {
    return { kind: 'answer', answer: await answerTo(question) };
  } catch (error) {
    return { kind: 'fault', message: (error as Error).message };
  }
}

async function answerTo({ bytes, name, explain, map, asDicom }: Question): Promise<Answer> {
  const began = performance.now();
  const { predictor, model, start } = opened!;
  const seconds = (): number => Number(((performance.now() - began) / 1000).toFixed(3));
  const ids = dicomIdsOf(bytes, name);
  try {
    const { anyModality } = start;
    const withMap = map === true || (asDicom === true && predictor.mapObstacle() === undefined);
    const predicted = await predictor.predict(bytes, { explain, anyModality, ...(withMap && { map: true }) });
    const { remarks, ...dicom } = asDicom ? await dicomResults(bytes, predicted, { model }) : { remarks: undefined };
    return {
      ...ids,
      labels: predicted.labels,
      ...(map && predicted.map && { map: predicted.map }),
      ...(asDicom && { dicom: dicom as Answer['dicom'] }),
      ...(remarks && remarks.length > 0 && { remarks }),
      seconds: seconds(),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...ids, error: error.message, seconds: seconds() };
  }
}
