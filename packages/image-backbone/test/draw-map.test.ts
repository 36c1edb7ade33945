import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { drawMap, encodePng, imageSize, visibleWindow } from '../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'draw-map-'));
const file = async (width: number, height: number): Promise<string> => {
  const path = join(folder, `${width}x${height}.png`);
  writeFileSync(path, await encodePng(new Uint8Array(width * height).fill(100), { width, height }));
  return path;
};

describe('visibleWindow(image, preprocessing)', () => {
  const wide = { width: 200, height: 100 };
  it.each([
    [
      { size: 64, fit: 'stretch' },
      { x: 0, y: 0, w: 200, h: 100 },
    ],
    [
      { size: 64, fit: 'crop' },
      { x: 50, y: 0, w: 100, h: 100 },
    ],
    [
      { size: 64, fit: 'pad' },
      { x: 0, y: -50, w: 200, h: 200 },
    ],
    [
      { size: 64, resize: 128, fit: 'crop' },
      { x: 75, y: 25, w: 50, h: 50 },
    ],
    [
      { size: 64, resize: 128, fit: 'stretch' },
      { x: 50, y: 25, w: 100, h: 50 },
    ],
  ] as const)('is what is left of the image with %j', (preprocessing, expected) => {
    expect(visibleWindow(wide, preprocessing)).toEqual(expected);
  });
});

describe('drawMap(path, map)', () => {
  it('colours the image where the map is high, and draws boxes', async () => {
    const path = await file(40, 20);
    expect(await imageSize(path)).toEqual({ width: 40, height: 20 });
    const window = { x: 0, y: 0, w: 40, h: 20 };
    const png = await drawMap(path, { values: [1, 0, 0, 0], grid: 2, window, boxes: [{ x: 30, y: 10, w: 8, h: 8 }] });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([40, 20, info.channels]);
    const at = (x: number, y: number): number[] => [...data.subarray((y * 40 + x) * info.channels).subarray(0, 3)];
    const [red, , blue] = at(2, 2);
    expect(red).toBeGreaterThan(blue + 50);
    expect(at(22, 15)).toEqual([100, 100, 100]);
    const [r, g] = at(30, 14);
    expect(g).toBeGreaterThan(r + 30);
  });
  it.each(['crop', 'pad'] as const)('keeps the size of the image where the model saw another part: %s', async (fit) => {
    const path = await file(30, 50);
    const window = visibleWindow({ width: 30, height: 50 }, { size: 16, fit });
    const png = await drawMap(path, { values: new Float32Array(16).fill(0.5), grid: 4, window, boxes: [] });
    expect(await sharp(png).metadata()).toMatchObject({ width: 30, height: 50 });
  });
  it('says what is no image', async () => {
    const map = { values: [1], grid: 1, window: { x: 0, y: 0, w: 1, h: 1 }, boxes: [] };
    await expect(drawMap(join(folder, 'none.png'), map)).rejects.toThrow('expected an image, got no such file');
  });
});
