import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { extensionOf, indexImages } from '../../src/readers/images.js';
import { folderWith } from '../temporary.js';

describe('indexImages(folder)', () => {
  it('finds images in folders and archives; a file beats an entry of an archive, and what is nowhere is expected here', async () => {
    const folder = folderWith({
      'a/b/1.png': '',
      'a/2.dcm': '',
      'all.zip': zipSync({
        'x/1.png': new Uint8Array(1),
        'x/3.jpg': new Uint8Array(1),
        'x/readme.txt': new Uint8Array(1),
      }),
    });
    const index = await indexImages(folder);
    const paths = ['1.png', '2.dcm', '3.jpg', '4.png'].map((name) => index.path(name, 'image'));
    expect(paths).toEqual(['a/b/1.png', 'a/2.dcm', 'all.zip/x/3.jpg', '4.png'].map((path) => join(folder, path)));
    expect([index.has('3.jpg'), index.has('readme.txt')]).toEqual([true, false]);
    expect(() => index.path('../5.png', 'image')).toThrow('expected a relative path inside the data folder');
  });
  it('follows links to folders, and leaves links that lead nowhere', async () => {
    const elsewhere = folderWith({ 'a.png': '' });
    const folder = folderWith({});
    symlinkSync(elsewhere, join(folder, 'linked'));
    symlinkSync('/nowhere', join(folder, 'broken'));
    expect((await indexImages(folder)).path('a.png', 'image')).toBe(join(folder, 'linked/a.png'));
  });
  it('takes a folder that is not there for an empty one, and images/ for the place of what is nowhere', async () => {
    expect((await indexImages('/nowhere')).path('a.png', 'image')).toBe('/nowhere/a.png');
    const folder = folderWith({ 'images/readme.txt': '' });
    expect((await indexImages(folder)).path('a.png', 'image')).toBe(join(folder, 'images/a.png'));
  });
});

describe('extensionOf(index, names, extensions)', () => {
  it('is the one that images have here, in archives too, else the first', async () => {
    const index = await indexImages(folderWith({ 'all.zip': zipSync({ 'b.png': new Uint8Array(1) }) }));
    expect(extensionOf(index, ['a', 'b'], ['.dcm', '.png'])).toBe('.png');
    expect(extensionOf(index, ['a'], ['.dcm', '.png'])).toBe('.dcm');
  });
});
