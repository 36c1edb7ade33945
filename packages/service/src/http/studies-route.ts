import { dicomFacts, isDicom } from '@cxr-align/image-backbone/images';
import { InputError } from '@cxr-align/files';
import type { ServiceState } from '../service-state.js';
import { partsOf } from './multipart.js';
import type { Route, ServiceReply } from './router.js';
import { ServiceError } from './service-error.js';

/** An element of the DICOM JSON model. */
type JsonElement = { vr: string; Value?: unknown[] };
type JsonItem = Record<string, JsonElement>;

/** Failure reasons of PS3.18 10.5.3. */
const failures = { cannotUnderstand: 0xc000, processing: 0x0110, otherStudy: 0xa900 } as const;

/**
 * `POST /studies`, `POST /studies/{study}`: a Store Transaction. What is answered with success is on disk, and its results are stored in
 * the archive, whatever ends the service in between.
 *
 * @see DICOM PS3.18 10.5.
 */
export function studiesRoutes(state: ServiceState): Route[] {
  const store = (body: Buffer, type: string, study?: string): ServiceReply => {
    const { spool } = state;
    if (!spool)
      throw new ServiceError(
        501,
        'expected a service with a spool and an archive to store studies in, got one without; use POST /predict',
      );
    if (!/^multipart\/related/i.test(type) || body.length === 0)
      throw new ServiceError(415, 'expected multipart/related; type="application/dicom", got another content type');
    const stored: JsonItem[] = [];
    const failed: JsonItem[] = [];
    for (const { body: bytes } of partsOf(body, type)) {
      const ids = idsOf(bytes);
      if (!ids) failed.push({ '00081197': { vr: 'US', Value: [failures.cannotUnderstand] } });
      else if (study !== undefined && ids.study !== study) failed.push(failure(ids, failures.otherStudy));
      else if (!state.hasRoom()) failed.push(failure(ids, failures.processing));
      else {
        spool.accept(ids.instance, bytes);
        stored.push(reference(ids));
      }
    }
    state.nudge();
    if (stored.length === 0 && !state.hasRoom())
      throw new ServiceError(
        503,
        'expected room in the spool, got none: results wait for the archive; ask again later',
        30,
      );
    return {
      status: failed.length === 0 ? 200 : stored.length > 0 ? 202 : 409,
      type: 'application/dicom+json',
      body: {
        ...(stored.length > 0 && { '00081199': { vr: 'SQ', Value: stored } }),
        ...(failed.length > 0 && { '00081198': { vr: 'SQ', Value: failed } }),
      } satisfies JsonItem,
    };
  };
  return ['/studies', '/studies/:study'].map((path) => ({
    method: 'POST',
    path,
    handler: ({ body, headers, params }) => store(body, String(headers['content-type'] ?? ''), params.study),
  }));
}

function idsOf(bytes: Uint8Array): { instance: string; sopClass: string; study?: string } | undefined {
  if (!isDicom(bytes)) return undefined;
  try {
    const { instance, sopClass, study } = dicomFacts(bytes);
    return instance !== undefined && sopClass !== undefined ? { instance, sopClass, study } : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function reference({ instance, sopClass }: { instance: string; sopClass: string }): JsonItem {
  return { '00081150': { vr: 'UI', Value: [sopClass] }, '00081155': { vr: 'UI', Value: [instance] } };
}

function failure(ids: { instance: string; sopClass: string }, reason: number): JsonItem {
  return { ...reference(ids), '00081197': { vr: 'US', Value: [reason] } };
}
