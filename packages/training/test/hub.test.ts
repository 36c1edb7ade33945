import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encoderFolder } from '../src/inputs/hub.js';
import { silentProgress } from '../src/progress.js';

const files: Record<string, string> = {
  'config.json': '{}',
  'onnx/model.onnx': 'weights',
  'pytorch_model.bin': 'other weights',
  'README.md': '# words',
};
let server: Server;
let endpoint: string;
let asked: string[];
const cache = mkdtempSync(join(tmpdir(), 'hub-'));
const options = (changes: object = {}) => ({
  allowDownload: true,
  progress: silentProgress,
  endpoint,
  cache,
  ...changes,
});

beforeAll(async () => {
  server = createServer(({ url = '' }, response) => {
    asked.push(url);
    if (url.startsWith('/api/models/owner/model/'))
      return response.end(
        JSON.stringify(Object.entries(files).map(([path, { length }]) => ({ type: 'file', path, size: length }))),
      );
    if (url.startsWith('/api/models/owner/words/'))
      return response.end('[{"type":"file","path":"README.md","size":1}]');
    if (url.startsWith('/api/models/owner/hostile/'))
      return response.end(
        '[{"type":"file","path":"../../model.onnx","size":1},{"type":"file","path":"model.onnx","size":1}]',
      );
    const text = files[url.replace('/owner/model/resolve/main/', '')];
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => (asked = []));
afterAll(() => new Promise((closed) => server.close(closed)));

describe('encoderFolder(name, options)', () => {
  it('asks nobody unless it is told to', async () => {
    await expect(encoderFolder('owner/model', options({ allowDownload: false }))).rejects.toThrow(
      'allow the download (allowDownload)',
    );
    expect(await encoderFolder(cache, options())).toBe(cache);
    expect(await encoderFolder('some/deep/path', options())).toBe('some/deep/path');
    expect(asked).toEqual([]);
  });
  it('gets what an encoder consists of, once', async () => {
    const folder = await encoderFolder('owner/model', options());
    expect(folder).toBe(join(cache, 'owner--model'));
    expect(readFileSync(join(folder, 'onnx', 'model.onnx'), 'utf8')).toBe('weights');
    expect(existsSync(join(folder, 'config.json'))).toBe(true);
    expect(existsSync(join(folder, 'pytorch_model.bin'))).toBe(false);
    expect(asked).toHaveLength(3);
    expect(await encoderFolder('owner/model', options({ allowDownload: false }))).toBe(folder);
    expect(asked).toHaveLength(3);
  });
  it('says what is missing, and leaves nothing half done', async () => {
    await expect(encoderFolder('owner/words', options())).rejects.toThrow('expected a model with an ONNX file');
    await expect(encoderFolder('owner/none', options())).rejects.toThrow('got 404');
    await expect(encoderFolder('owner/hostile', options())).rejects.toThrow('got 404');
    expect(existsSync(join(cache, 'owner--hostile'))).toBe(false);
    await expect(encoderFolder('owner/gone', options({ endpoint: 'http://127.0.0.1:1' }))).rejects.toThrow(
      "copy the model's folder here instead",
    );
  });
});
