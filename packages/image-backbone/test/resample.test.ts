import { RandomStream } from '@cxr-align/random';
import { Resampler, type Extent, type ResampleKernel } from '../src/resample.js';

/** PIL's weights and sums as they are written down, one pixel at a time. */
function slowly(
  pixels: Uint8Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
  kernel: ResampleKernel,
): Uint8Array {
  const along = (line: number[], count: number): number[] => {
    const scale = line.length / count;
    const stretch = Math.max(1, scale);
    const support = { linear: 1, cubic: 2, lanczos3: 3 }[kernel] * stretch;
    const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
    const weight = (x: number): number => {
      if (kernel === 'linear') return Math.max(0, 1 - x);
      if (kernel === 'lanczos3') return x < 3 ? sinc(x) * sinc(x / 3) : 0;
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    };
    return Array.from({ length: count }, (_, i) => {
      const centre = (i + 0.5) * scale;
      const begin = Math.max(0, Math.floor(centre - support + 0.5));
      const end = Math.min(line.length, Math.floor(centre + support + 0.5));
      const own = line.slice(begin, end).map((_, k) => weight(Math.abs(begin + k + 0.5 - centre) / stretch));
      const sum = own.reduce((total, one) => total + one, 0);
      const rounded = own.map((one) => Math.trunc((one / sum) * 2 ** 22 + (one < 0 ? -0.5 : 0.5)));
      const total = rounded.reduce((all, one, k) => all + one * line[begin + k], 2 ** 21);
      return Math.min(255, Math.max(0, Math.floor(total / 2 ** 22)));
    });
  };
  const rows = Array.from({ length: from.height }, (_, y) =>
    along([...pixels.subarray(y * from.width, (y + 1) * from.width)], to.width),
  );
  const columns = rows[0].map((_, x) =>
    along(
      rows.map((row) => row[x]),
      to.height,
    ),
  );
  return Uint8Array.from(
    { length: to.width * to.height },
    (_, at) => columns[at % to.width][Math.floor(at / to.width)],
  );
}

/** The resized image, with so many rows given at once. */
function resample(data: Uint8Array, from: Extent, to: Extent, kernel: ResampleKernel, rows = from.height): Uint8Array {
  const resampler = new Resampler(from, to, kernel);
  const step = rows * from.width;
  for (let at = 0; at < data.length; at += step) resampler.push(data.subarray(at, at + step));
  return resampler.finish();
}

describe('Resampler', () => {
  it.each<[ResampleKernel, number, number, number, number]>([
    ['linear', 61, 47, 20, 30],
    ['linear', 1, 1, 5, 3],
    ['linear', 300, 4, 7, 9],
    ['cubic', 64, 64, 28, 28],
    ['cubic', 10, 12, 33, 35],
    ['lanczos3', 65, 31, 17, 16],
    ['lanczos3', 9, 200, 30, 5],
  ])('%s from %i × %i to %i × %i, as it is written down', (kernel, width, height, toWidth, toHeight) => {
    const random = new RandomStream({ seed: 1, purpose: 'resample' });
    // Black and white alone: the wider filters overshoot most there.
    const data = Uint8Array.from({ length: width * height }, () => (random.chance(0.5) ? 255 : 0));
    const from = { width, height };
    const to = { width: toWidth, height: toHeight };
    const wanted = [...slowly(data, from, to, kernel)];
    for (const rows of [height, 1, 3]) expect([...resample(data, from, to, kernel, rows)]).toEqual(wanted);
  });
  it('keeps images apart whose rows come in turns', () => {
    const from = { width: 20, height: 6 };
    const to = { width: 7, height: 5 };
    const images = [3, 7].map((step) => Uint8Array.from({ length: 120 }, (_, at) => (at * step) & 255));
    const resamplers = images.map(() => new Resampler(from, to, 'cubic'));
    for (let at = 0; at < 120; at += 40)
      resamplers.forEach((resampler, i) => resampler.push(images[i].subarray(at, at + 40)));
    resamplers.forEach((resampler, i) =>
      expect([...resampler.finish()]).toEqual([...slowly(images[i], from, to, 'cubic')]),
    );
  });
  it('takes images that are larger than what it reads at once', () => {
    const [width, height] = [2100, 2500];
    const data = Uint8Array.from({ length: width * height }, (_, at) => (at % width) % 251);
    const resized = resample(data, { width, height }, { width: 8, height: 8 }, 'linear');
    const first = slowly(data.subarray(0, width), { width, height: 1 }, { width: 8, height: 1 }, 'linear');
    for (let y = 0; y < 8; y++) expect([...resized.subarray(8 * y, 8 * y + 8)]).toEqual([...first]);
  });
});
