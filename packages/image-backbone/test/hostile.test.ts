import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { InputError } from '@cxr-align/files';
import { itWithShared } from '@cxr-align/testkit';
import { decodeImage, pixelFacts, readImage } from '../src/images.js';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A PNG of grey pixels that claims a size. */
function png(width: number, height: number, depth: number, data: Uint8Array): Uint8Array {
  const chunk = (kind: string, body: Uint8Array): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(kind, 'latin1'), body, Buffer.alloc(4)]);
    bytes.writeUInt32BE(body.length);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
    return bytes;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head[8] = depth;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

describe('images that claim more than they hold', () => {
  it.each([
    [10_000, 10_000, 8],
    [20_000, 5000, 16],
    [100_000_000, 1, 8],
  ])('are refused before memory is taken for %d × %d pixels of %d bits', async (width, height, depth) => {
    const bytes = png(width, height, depth, deflateSync(new Uint8Array(10)));
    expect(bytes.length).toBeLessThan(100);
    const before = process.resourceUsage().maxRSS;
    for (const read of [
      () => decodeImage(bytes, { size: 8, fit: 'stretch' }, 'bomb.png'),
      () => pixelFacts(bytes, 'bomb.png'),
    ]) {
      await expect(read()).rejects.toThrow(InputError);
      await expect(read()).rejects.toThrow(/^bomb.png: expected .*, got a file of \d+ bytes, which cannot hold them/);
    }
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(80 * 1024);
  });
  itWithShared('cases/r08-jpegls-bomb/bomb.dcm', 'a JPEG-LS of 391 bytes ends within a second', async (file) => {
    const bytes = readFileSync(file);
    const used = process.cpuUsage();
    await expect(decodeImage(bytes, { size: 8, fit: 'stretch' }, 'bomb.dcm')).rejects.toThrow(/^bomb.dcm: expected/);
    expect(process.cpuUsage(used).user / 1e6).toBeLessThan(5);
  });
});

describe('images that are no files', () => {
  it('are refused: a pipe would be waited for', async () => {
    const pipe = join(folder, 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    await expect(readImage(pipe)).rejects.toThrow('pipe.png: expected an image, got a pipe or device');
    await expect(readImage('/dev/zero')).rejects.toThrow('expected an image, got a pipe or device');
  });
});
