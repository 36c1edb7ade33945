import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { greyDicomElements, writeDicom } from '@cxr-align/testkit';
import { type Answer, type Answerer, AnswererFault, type Question } from '../src/index.js';
import { partsOf } from '../src/http/multipart.js';

/** A model that answers at once or when it is released, and fails where that is wanted. */
export class FakeAnswerer implements Answerer {
  readonly model = { name: 'runs/a', hash: 'ab'.repeat(32), version: '1.0.0', engine: 'none', thresholds: 'none' };
  readonly labels = ['A', 'B'];
  readonly asked: Question[] = [];
  isClosed = false;
  fails = 0;
  hold?: Promise<void>;

  async answer(question: Question): Promise<Answer> {
    this.asked.push(question);
    await this.hold;
    if (this.fails > 0) {
      this.fails--;
      throw new AnswererFault('the process of the model ended (SIGSEGV)');
    }
    const text = Buffer.from(question.bytes).toString('latin1');
    if (text.startsWith('bad')) return { error: `expected an image, got a text: ${question.name}`, seconds: 0.001 };
    const label = (probability: number) => ({
      probability,
      score: probability,
      threshold: 0.5,
      positive: probability >= 0.5,
    });
    const tag = (kind: string): Uint8Array => Buffer.from(`${kind} of ${question.bytes.length} bytes`);
    return {
      labels: { A: label(0.75), B: label(0.25) },
      ...(question.asDicom && { dicom: { report: tag('report'), capture: tag('capture') } }),
      seconds: 0.002,
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** An archive that stores what it is sent, in memory, and answers with the next of the given statuses. */
export class FakeArchive {
  readonly stored: string[] = [];
  requests = 0;
  /** Statuses of the next answers; 200 after them. */
  statuses: number[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<FakeArchive> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        archive.requests++;
        const status = archive.statuses.shift() ?? 200;
        if (status === 200)
          for (const { body } of partsOf(Buffer.concat(pieces), request.headers['content-type']!))
            archive.stored.push(Buffer.from(body).toString());
        const failed = { '00081198': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [272] } }] } };
        response.writeHead(status).end(JSON.stringify(status === 200 ? {} : failed));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const archive: FakeArchive = new FakeArchive(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`,
    );
    return archive;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A film in DICOM with its UIDs. */
export function film(instance: string, study = '1.2.3'): Uint8Array {
  return writeDicom(
    greyDicomElements(new Array<number>(16).fill(7), {
      '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
      '00080018': ['UI', instance],
      '00100010': ['PN', 'Roe^Jane'],
      '0020000d': ['UI', study],
      '0020000e': ['UI', `${study}.1`],
    }),
  );
}

/** As long as Orthanc's, longer than it should be. */
const mark = 'm'.repeat(73);

/** A body of parts as DICOMweb sends it. */
export function related(files: readonly Uint8Array[]): { body: Buffer; headers: Record<string, string> } {
  const body = Buffer.concat([
    ...files.flatMap((file) => [
      Buffer.from(`--${mark}\r\nContent-Type: application/dicom\r\n\r\n`),
      Buffer.from(file),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${mark}--`),
  ]);
  return { body, headers: { 'content-type': `multipart/related; type="application/dicom"; boundary=${mark}` } };
}

/** Waits until something holds. @throws where it does not in ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not come to hold');
}
