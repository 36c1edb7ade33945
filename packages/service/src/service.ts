import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputError, lockFolder } from '@cxr-align/files';
import { auditLog, noAudit } from './audit.js';
import { type Address, addressOf, refuseOpenDoor } from './http/guard.js';
import { kserveRoutes } from './http/kserve-routes.js';
import { predictRoute } from './http/predict-route.js';
import { serverWith } from './http/server.js';
import { statusRoutes } from './http/status-routes.js';
import { studiesRoutes } from './http/studies-route.js';
import { ServiceMetrics } from './metrics.js';
import type { Answerer } from './model/answer.js';
import { Turns } from './model/turns.js';
import type { ServiceOptions } from './options.js';
import { ServiceState } from './service-state.js';
import { Spool } from './spool/spool.js';
import { SpoolWorker } from './spool/spool-worker.js';

const defaultListen = '127.0.0.1:8080';

/**
 * Checks options as {@link startService} does, before a model is opened.
 *
 * @throws {InputError} if they do not fit each other, or the service would be open to others without a token.
 */
export function checkServiceOptions({ listen = defaultListen, token, spool, archive }: ServiceOptions): void {
  refuseOpenDoor(addressOf(listen), token);
  if ((spool === undefined) !== (archive === undefined))
    throw new InputError(
      `expected a folder for accepted studies (spool) and the archive of their results (archive) together, got ${spool === undefined ? 'the archive' : 'the folder'} alone`,
    );
}

/** A service that runs. */
export interface Service {
  /** Where it is reached, such as http://127.0.0.1:8080. */
  url: string;
  /** Takes no new requests, finishes those that run, keeps what waits on disk, and closes the model. Further calls wait for the same end. */
  stop(): Promise<void>;
}

/**
 * Serves a model: `POST /predict`, `POST /studies` (DICOMweb), KServe's `/v2`, `GET /health`, `/metrics` and `/model`.
 *
 * Bodies, waiting requests and waiting instances are bounded: what is too much is refused at once with 413, 429 or 503 and the time
 * after which to ask again. An instance of `/studies` that was answered with success is on disk, and its results are stored in the
 * archive once, also where the service or the archive is stopped, killed or out of power in between.
 *
 * @param answerer the model; closed by `stop`.
 * @throws {InputError} if the options do not fit each other, or it would be open to others without a token.
 *
 * @example
 * const answerer = await openPredictorProcess({ run: 'runs/a', engine: 'auto', version: '1.0.0', anyModality: false, timeoutMs: 30_000 });
 * const service = await startService(answerer, { listen: '127.0.0.1:8080' });
 * console.log(service.url);
 */
export async function startService(answerer: Answerer, options: ServiceOptions = {}): Promise<Service> {
  const { listen = defaultListen, token, spool, archive, audit, timeoutMs = 30_000 } = options;
  checkServiceOptions(options);
  const address = addressOf(listen);
  const { atOnce = 1, maxWaiting = 64, retryMs = 1000, onFault = () => {} } = options;
  const state = new ServiceState(
    answerer,
    new Turns({ atOnce, mostWaiting: maxWaiting, longestWaitMs: timeoutMs }),
    audit === undefined ? noAudit : auditLog(audit),
    new ServiceMetrics(),
    options,
  );
  const lock = spool === undefined ? undefined : lockFolder(spool, 'serve');
  if (spool !== undefined && archive) {
    state.spool = new Spool(spool, answerer.model.hash);
    const { spool: kept, turns, audit: log, metrics } = state;
    state.worker = new SpoolWorker({ spool: kept, answerer, turns, archive, audit: log, metrics, retryMs, onFault });
  }
  const { tls, maxBody = 128 * 2 ** 20 } = options;
  const server = serverWith(
    [predictRoute(state), ...studiesRoutes(state), ...statusRoutes(state), ...kserveRoutes(state)],
    { token, tls, maxBody, timeoutMs, onFault, onResponse: (route, status) => state.metrics.request(route, status) },
  );
  try {
    await listening(server, address);
  } catch (error) {
    await state.worker?.stop();
    state.audit.close();
    lock?.release();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`expected an address that is free, got ${listen} (${code ?? message}); choose another port`);
  }
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const stop = async (): Promise<void> => {
    state.isStopping = true;
    await closed(server);
    await state.worker?.stop();
    await answerer.close();
    state.audit.close();
    lock?.release();
  };
  let stopped: Promise<void> | undefined;
  return { url: `${tls ? 'https' : 'http'}://${host}:${port}`, stop: () => (stopped ??= stop()) };
}

function listening(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Ends once the requests that run are answered; connections that only wait are closed. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
