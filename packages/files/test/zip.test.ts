import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { InputError, openZip } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'zip-'));
const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const archive = zipSync({ 'images/a.png': text('abcabcabcabc'), 'images/b.png': [text('stored'), { level: 0 }] });

describe('openZip(file)', () => {
  it('lists the entries and reads them in any order, also several at a time', async () => {
    const zip = await openZip(write('good.zip', archive));
    expect(zip.entries).toEqual([
      { name: 'images/a.png', size: 12 },
      { name: 'images/b.png', size: 6 },
    ]);
    const read = await Promise.all(['images/b.png', 'images/a.png', 'images/b.png'].map((name) => zip.read(name)));
    expect(read.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['stored', 'abcabcabcabc', 'stored']);
    await expect(zip.read('c.png')).rejects.toThrow('good.zip: expected "c.png" in the archive, got no such entry');
    await zip.close();
  });
  it('refuses what is no archive, what is cut short, and an entry that is not what the archive says', async () => {
    await expect(openZip(write('text.zip', text('not a zip, not a zip, not a zip')))).rejects.toThrow(
      'text.zip: expected a ZIP archive, got something else',
    );
    await expect(openZip(write('cut.zip', archive.subarray(0, 60)))).rejects.toThrow(InputError);
    await expect(openZip(join(folder, 'none.zip'))).rejects.toThrow('got no such file');
    const damaged = Uint8Array.from(archive);
    damaged.fill(0xff, 45, 50); // inside the first entry's deflated bytes
    const zip = await openZip(write('damaged.zip', damaged));
    await expect(zip.read('images/a.png')).rejects.toThrow('damaged.zip:images/a.png: expected a sound entry');
    await zip.close();
    const larger = Uint8Array.from(archive);
    // The first entry claims to unpack to 5 bytes.
    const central = Buffer.from(archive).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    new DataView(larger.buffer).setUint32(central + 24, 5, true);
    const wrong = await openZip(write('larger.zip', larger));
    await expect(wrong.read('images/a.png')).rejects.toThrow('expected a sound entry, got too many bytes');
    await wrong.close();
  });
});
