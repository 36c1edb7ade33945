import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, type ServiceOptions, startService } from '../src/index.js';
import { FakeAnswerer, FakeArchive, film, related, until } from './fakes.js';

const place = mkdtempSync(join(tmpdir(), 'service-'));
const token = 'a token of enough letters';
let answerer: FakeAnswerer;
let service: Service | undefined;
const start = async (options: ServiceOptions = {}): Promise<Service> => {
  answerer = new FakeAnswerer();
  service = await startService(answerer, { listen: '127.0.0.1:0', retryMs: 5, ...options });
  return service;
};
const post = (path: string, body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service!.url}${path}`, { method: 'POST', body, headers });
const image = (text: string): Buffer => Buffer.from(text);

afterEach(async () => {
  await service?.stop();
  service = undefined;
});

describe('POST /predict', () => {
  it('answers for one image with its record, and with 422 where it is refused', async () => {
    await start();
    const answered = await post('/predict?explain', image('film'));
    expect(answered.status).toBe(200);
    expect(await answered.json()).toMatchObject({
      file: 'image',
      model: { name: 'runs/a', version: '1.0.0' },
      labels: { A: { probability: 0.75, positive: true }, B: { probability: 0.25, positive: false } },
    });
    expect(answerer.asked[0]).toMatchObject({ explain: true, map: false });
    const refused = await post('/predict', image('bad'));
    expect(refused.status).toBe(422);
    expect(((await refused.json()) as { error: string }).error).toContain('expected an image');
  });

  it('answers for several images in order, also where one is refused', async () => {
    await start();
    const form = new FormData();
    for (const [name, text] of [
      ['one.png', 'film'],
      ['two.png', 'bad'],
      ['three.png', 'film'],
    ])
      form.append('image', new Blob([text]), name);
    const answers = (await (await post('/predict', form)).json()) as { file: string; error?: string }[];
    expect(answers.map(({ file }) => file)).toEqual(['one.png', 'two.png', 'three.png']);
    expect(answers.map(({ error }) => error === undefined)).toEqual([true, false, true]);
    expect(answerer.asked.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['film', 'bad', 'film']);
  });

  it('refuses bodies that are empty, cut short or too large', async () => {
    await start({ maxBody: 100 });
    const statusOf = async (body: RequestInit['body'], headers?: Record<string, string>) =>
      (await post('/predict', body, headers)).status;
    expect(await statusOf('')).toBe(400);
    expect(await statusOf('x'.repeat(101))).toBe(413);
    // Without a length at its start.
    const stream = new ReadableStream({
      start: (control) => {
        for (let i = 0; i < 3; i++) control.enqueue(new Uint8Array(60));
        control.close();
      },
    });
    const sent = fetch(`${service!.url}/predict`, { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    expect((await sent).status).toBe(413);
    const type = 'multipart/form-data; boundary=mark';
    expect(await statusOf('--mark\r\n\r\nfilm', { 'content-type': type })).toBe(400);
    expect(await statusOf('film', { 'content-type': type })).toBe(400);
    expect(await statusOf('--mark\r\nno end of headers--mark--', { 'content-type': type })).toBe(400);
    expect(await statusOf('--mark--', { 'content-type': type })).toBe(400);
    expect(await statusOf('film', { 'content-type': 'multipart/form-data' })).toBe(400);
    expect(answerer.asked).toHaveLength(0);
  });

  it('refuses at once what finds no place to wait, and in time what waits too long', async () => {
    await start({ maxWaiting: 1, timeoutMs: 300 });
    let release = (): void => {};
    answerer.hold = new Promise((resolve) => (release = resolve));
    const first = post('/predict', image('film'));
    await until(() => answerer.asked.length === 1);
    const second = post('/predict', image('film'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const third = await post('/predict', image('film'));
    expect(third.status).toBe(429);
    expect(third.headers.get('retry-after')).toBe('1');
    const waited = await second;
    expect(waited.status).toBe(503);
    expect(((await waited.json()) as { error: string }).error).toContain('waited 0.3 s for its turn');
    release();
    expect((await first).status).toBe(200);
  });

  it('says that the model failed, not the image', async () => {
    await start();
    answerer.fails = 1;
    const failed = await post('/predict', image('film'));
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await post('/predict', image('film'))).status).toBe(200);
  });
});

describe('the door', () => {
  it('is closed to others without a token', async () => {
    await expect(startService(new FakeAnswerer(), { listen: '0.0.0.0:0' })).rejects.toThrow(
      'expected a token where the service listens beyond this machine (0.0.0.0), got none',
    );
    await expect(startService(new FakeAnswerer(), { listen: '127.0.0.1:0', token: 'short' })).rejects.toThrow(
      'expected a token of 16 or more characters, got 5',
    );
    await expect(startService(new FakeAnswerer(), { listen: 'here' })).rejects.toThrow(
      'expected an address to listen on as HOST:PORT',
    );
    await expect(startService(new FakeAnswerer(), { listen: '127.0.0.1:0', spool: place })).rejects.toThrow(
      'expected a folder for accepted studies (spool) and the archive of their results (archive) together, got the folder alone',
    );
    await start();
    await expect(startService(new FakeAnswerer(), { listen: service!.url.slice('http://'.length) })).rejects.toThrow(
      'expected an address that is free',
    );
  });

  it('lets those with the token in, and everybody see whether it is well', async () => {
    await start({ token });
    const ask = async (path: string, authorization?: string): Promise<number> =>
      (await fetch(`${service!.url}${path}`, { headers: authorization ? { authorization } : {} })).status;
    expect(await ask('/model')).toBe(401);
    expect(await ask('/model', 'Bearer a token')).toBe(401);
    expect(await ask('/no-such-path')).toBe(401);
    expect(await ask('/model', `Bearer ${token.replaceAll(' ', '')}`)).toBe(401);
    expect(await ask('/health')).toBe(200);
    await service!.stop();
    await start({ token: 'a-token-of-enough-letters' });
    expect(await ask('/model', 'Bearer a-token-of-enough-letters')).toBe(200);
  });

  it('names other methods and paths', async () => {
    await start();
    const wrong = await fetch(`${service!.url}/predict`);
    expect([wrong.status, ((await wrong.json()) as { error: string }).error]).toEqual([405, 'expected POST, got GET']);
    expect((await fetch(`${service!.url}/else`)).status).toBe(404);
  });
});

describe('POST /studies', () => {
  const spools = (): { spool: string; folder: (name: string) => string[] } => {
    const spool = mkdtempSync(join(place, 'spool-'));
    return { spool, folder: (name) => readdirSync(join(spool, name)) };
  };
  const store = async (files: readonly Uint8Array[], path = '/studies') => {
    const { body, headers } = related(files);
    const answer = await post(path, new Uint8Array(body), headers);
    const references = (await answer.json()) as Record<string, { Value: unknown[] }>;
    return {
      status: answer.status,
      stored: references['00081199']?.Value.length ?? 0,
      failed: references['00081198']?.Value ?? [],
    };
  };

  it('stores the results of each instance once, however often it is sent', async () => {
    const archive = await FakeArchive.start();
    const { spool, folder } = spools();
    await start({ spool, archive });
    expect(await store([film('1.2.3.4'), film('1.2.3.5')])).toEqual({ status: 200, stored: 2, failed: [] });
    await until(() => folder('done').length === 2);
    expect(await store([film('1.2.3.4')])).toMatchObject({ status: 200, stored: 1 });
    await service!.stop();
    expect(archive.stored.map((text) => text.split(' ')[0])).toEqual(['report', 'capture', 'report', 'capture']);
    expect(folder('received')).toEqual([]);
    expect(folder('results')).toEqual([]);
    await archive.stop();
  });

  it('goes on after a stop with what it had accepted, and sends what it had computed as it was', async () => {
    const archive = await FakeArchive.start();
    const { spool, folder } = spools();
    archive.statuses = new Array<number>(200).fill(503);
    await start({ spool, archive });
    await store([film('1.2.3.4')]);
    await until(() => archive.requests >= 2);
    await service!.stop();
    expect(folder('results')).toHaveLength(1);
    const computed = answerer.asked.length;
    archive.statuses = [];
    await start({ spool, archive });
    await until(() => folder('done').length === 1);
    expect([computed, answerer.asked.length]).toEqual([1, 0]);
    expect(archive.stored).toHaveLength(2);
    await archive.stop();
  });

  it('waits for an archive that is away, and for a model that fails', async () => {
    const archive = await FakeArchive.start();
    const { spool, folder } = spools();
    const faults: string[] = [];
    await start({
      spool,
      archive: { url: 'http://127.0.0.1:9', timeoutMs: 500 },
      onFault: (text) => faults.push(text),
    });
    answerer.fails = 1;
    await store([film('1.2.3.4')]);
    await until(() => faults.some((text) => text.includes('the archive was not reached')));
    expect(faults[0]).toContain('the process of the model ended (SIGSEGV)');
    await service!.stop();
    await start({ spool, archive });
    await until(() => folder('done').length === 1);
    expect(archive.stored).toHaveLength(2);
    await archive.stop();
  });

  it('gives up what the archive refuses for good, keeps it, and goes on with the others', async () => {
    const archive = await FakeArchive.start();
    const { spool, folder } = spools();
    archive.statuses = [400];
    await start({ spool, archive });
    await store([film('1.2.3.4')]);
    await until(() => folder('given-up').length === 1);
    await store([film('1.2.3.5')]);
    await until(() => archive.stored.length === 2);
    // What it does not take five times in a row is given up, too.
    archive.statuses = [409, 202, 409, 409, 409];
    await store([film('1.2.3.6')]);
    await until(() => folder('given-up').length === 2);
    const reasons = folder('done').map((name) => JSON.parse(readFileSync(join(spool, 'done', name), 'utf8')).reason);
    expect(reasons.filter(Boolean).sort()).toEqual([
      'the archive answered 400: failure reasons 272',
      'the archive answered 409: failure reasons 272, 5 times',
    ]);
    await archive.stop();
  });

  it('says of each instance why it is not stored', async () => {
    const archive = await FakeArchive.start();
    const { spool } = spools();
    await start({ spool, archive, maxSpooled: 1 });
    let release = (): void => {};
    answerer.hold = new Promise((resolve) => (release = resolve));
    const reason = (answer: { failed: unknown[] }) =>
      (answer.failed as Record<string, { Value: number[] }>[]).map((item) => item['00081197'].Value[0]);
    const nothing = await store([Buffer.from('no DICOM')]);
    expect([nothing.status, reason(nothing)]).toEqual([409, [0xc000]]);
    const other = await store([film('1.2.3.4')], '/studies/1.2.4');
    expect([other.status, reason(other)]).toEqual([409, [0xa900]]);
    // What waits is counted as it comes and goes, and after a start.
    const full = await store([film('1.2.3.4'), film('1.2.3.5')]);
    expect([full.status, reason(full)]).toEqual([202, [0x0110]]);
    const { body, headers } = related([film('1.2.3.6')]);
    expect((await post('/studies', new Uint8Array(body), headers)).status).toBe(503);
    expect((await post('/studies', 'film', { 'content-type': 'application/dicom' })).status).toBe(415);
    const spooled = async () => ((await (await fetch(`${service!.url}/health`)).json()) as { spooled: number }).spooled;
    expect(await spooled()).toBe(1);
    release();
    await until(() => archive.stored.length === 2);
    await until(() => readdirSync(join(spool, 'done')).length === 1);
    expect(await spooled()).toBe(0);
    await service!.stop();
    await start();
    expect((await post('/studies', new Uint8Array(body), headers)).status).toBe(501);
    await archive.stop();
  });
});

describe('what the service reports of itself', () => {
  it('has health, numbers and the card of the model', async () => {
    await start({ card: { intendedUse: 'research' } });
    await post('/predict', image('film'));
    await post('/predict', image('bad'));
    const get = async (path: string) => (await fetch(`${service!.url}${path}`)).text();
    expect(JSON.parse(await get('/health'))).toEqual({ status: 'ready', waiting: 0, predicting: 0, spooled: 0 });
    expect(JSON.parse(await get('/model'))).toMatchObject({ labels: ['A', 'B'], card: { intendedUse: 'research' } });
    const metrics = await get('/metrics');
    expect(metrics).toContain('cxr_align_requests_total{route="/predict",status="200"} 1');
    expect(metrics).toContain('cxr_align_images_total{by="predict",outcome="refused"} 1');
    expect(metrics).toContain('cxr_align_prediction_seconds_count 2');
  });

  it('has a log without names, in which the same instance has the same key', async () => {
    const audit = join(mkdtempSync(join(place, 'audit-')), 'audit.jsonl');
    await start({ audit });
    for (const text of ['film', 'film', 'other film', 'bad']) await post('/predict', image(text));
    answerer.fails = 1;
    await post('/predict', image('film'));
    const lines = readFileSync(audit, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ outcome }) => outcome)).toEqual(['answered', 'answered', 'answered', 'refused', 'failed']);
    expect(lines[0]).toMatchObject({
      by: 'predict',
      modelHash: 'ab'.repeat(32),
      labels: { A: { probability: 0.75, positive: true } },
    });
    expect(lines[0].key).toBe(lines[1].key);
    expect(lines[0].key).not.toBe(lines[2].key);
    expect(existsSync(`${audit}.key`)).toBe(true);
    await service!.stop();
    await start({ audit });
    await post('/predict', image('film'));
    const [last] = readFileSync(audit, 'utf8').trim().split('\n').slice(-1);
    expect(JSON.parse(last).key).toBe(lines[0].key);
  });
});

describe("KServe's protocol", () => {
  it('describes the model and infers', async () => {
    await start();
    const get = async (path: string) => (await fetch(`${service!.url}${path}`)).json();
    expect(await get('/v2/health/ready')).toEqual({ ready: true });
    expect(await get('/v2/models/cxr-align')).toMatchObject({
      inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
    });
    expect((await fetch(`${service!.url}/v2/models/other`)).status).toBe(404);
    const infer = (inputs: unknown) => post('/v2/models/cxr-align/infer', JSON.stringify({ id: '7', inputs }));
    const data = ['film', 'film'].map((text) => Buffer.from(text).toString('base64'));
    const answered = await infer([{ name: 'image', datatype: 'BYTES', shape: [2], data }]);
    expect(await answered.json()).toMatchObject({
      id: '7',
      outputs: [
        { name: 'probabilities', shape: [2, 2], data: [0.75, 0.25, 0.75, 0.25] },
        { name: 'positive', data: [true, false, true, false] },
        { name: 'labels', data: ['A', 'B'] },
      ],
    });
    expect((await infer([{ name: 'image', datatype: 'BYTES', shape: [3], data }])).status).toBe(400);
    expect((await infer([{ name: 'image', datatype: 'FP32', shape: [2], data }])).status).toBe(400);
    expect(
      (await infer([{ name: 'image', datatype: 'BYTES', shape: [1], data: [Buffer.from('bad').toString('base64')] }]))
        .status,
    ).toBe(422);
    expect((await post('/v2/models/cxr-align/infer', 'no JSON')).status).toBe(400);
  });
});

describe('stop', () => {
  it('answers what it has begun, and closes the model', async () => {
    const { url } = await start();
    let release = (): void => {};
    answerer.hold = new Promise((resolve) => (release = resolve));
    const asked = post('/predict', image('film'));
    await until(() => answerer.asked.length === 1);
    const stopped = service!.stop();
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    release();
    expect((await asked).status).toBe(200);
    await stopped;
    expect(answerer.isClosed).toBe(true);
    service = undefined;
  });

  it('does not wait for a client that sends nothing', async () => {
    const { url } = await start({ timeoutMs: 1000 });
    const half = httpRequest(`${url}/predict`, { method: 'POST', headers: { 'content-length': '1000' } });
    half.on('error', () => {});
    half.write('film');
    await new Promise((resolve) => setTimeout(resolve, 50));
    half.destroy();
    await service!.stop();
    service = undefined;
    expect(answerer.asked).toHaveLength(0);
  });
});
