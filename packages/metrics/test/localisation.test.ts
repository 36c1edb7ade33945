import { expectClose } from '@cxr-align/testkit';
import fc from 'fast-check';
import { boxesOfMap, intersectionOverUnion, isInside, mapPeak, shareInside, type Box } from '../src/index.js';

const whole = { x: 0, y: 0, w: 40, h: 20 };
const spot = (grid: number, ...places: number[]): number[] =>
  Array.from({ length: grid * grid }, (_, at) => (places.includes(at) ? 1 : 0));
const box: fc.Arbitrary<Box> = fc.record({
  x: fc.integer({ min: -20, max: 20 }),
  y: fc.integer({ min: -20, max: 20 }),
  w: fc.integer({ min: 1, max: 20 }),
  h: fc.integer({ min: 1, max: 20 }),
});

describe('mapPeak(map)', () => {
  it('is the centre of the place with the largest value, in pixels of the image', () => {
    expect(mapPeak({ values: spot(4, 6), grid: 4, window: whole })).toEqual({ x: 25, y: 7.5 });
    const shifted = { x: 10, y: 100, w: 40, h: 20 };
    expect(mapPeak({ values: spot(4, 0), grid: 4, window: shifted })).toEqual({ x: 15, y: 102.5 });
  });
  it('lies inside a box or not', () => {
    expect(isInside({ x: 5, y: 5 }, [{ x: 0, y: 0, w: 5, h: 9 }])).toBe(false);
    expect(
      isInside({ x: 5, y: 5 }, [
        { x: 0, y: 0, w: 5, h: 9 },
        { x: 5, y: 5, w: 1, h: 1 },
      ]),
    ).toBe(true);
  });
});

describe('boxesOfMap(map, threshold)', () => {
  it('surrounds what stands out, and tells parts that do not touch', () => {
    const window = { x: 0, y: 0, w: 64, h: 64 };
    const [one] = boxesOfMap({ values: spot(8, 27), grid: 8, window });
    // Place (3, 3) covers 24 to 32; half of the way to its neighbours is its edge.
    expectClose([one.x, one.y, one.w, one.h, one.share], [24, 24, 8, 8, 1], 1.01);
    const two = boxesOfMap({ values: spot(8, 0, 6, 7), grid: 8, window });
    expect(two).toHaveLength(2);
    expect(two[0].x).toBeGreaterThan(40);
    expectClose([two[0].share + two[1].share], [1], 1e-9);
    expect(boxesOfMap({ values: spot(8), grid: 8, window })).toEqual([]);
  });
  it('stays inside the window', () => {
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(values, (map) =>
        boxesOfMap({ values: map, grid: 4, window: whole }).every(
          ({ x, y, w, h }) => x >= 0 && y >= 0 && x + w <= 40 + 1e-9 && y + h <= 20 + 1e-9 && w > 0 && h > 0,
        ),
      ),
    );
  });
});

describe('intersectionOverUnion(a, b)', () => {
  it('is worked by hand', () => {
    expectClose([intersectionOverUnion({ x: 0, y: 0, w: 2, h: 2 }, { x: 1, y: 0, w: 2, h: 2 })], [1 / 3]);
    expect(intersectionOverUnion({ x: 0, y: 0, w: 2, h: 2 }, { x: 2, y: 0, w: 2, h: 2 })).toBe(0);
  });
  it('is symmetric, in [0, 1], and 1 for the same box', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const value = intersectionOverUnion(a, b);
        return value >= 0 && value <= 1 && value === intersectionOverUnion(b, a) && intersectionOverUnion(a, a) === 1;
      }),
    );
  });
});

describe('shareInside(map, boxes)', () => {
  it('counts the values inside, negative ones as 0, each place once', () => {
    const values = [3, 1, -9, 0];
    const left = { x: 0, y: 0, w: 20, h: 20 };
    expectClose([shareInside({ values, grid: 2, window: whole }, [left])], [0.75]);
    expectClose([shareInside({ values, grid: 2, window: whole }, [left, left])], [0.75]);
    expectClose([shareInside({ values, grid: 2, window: whole }, [{ x: 0, y: 0, w: 10, h: 10 }])], [0.375]);
  });
  it('is the share of the area where the map is flat', () => {
    fc.assert(
      fc.property(box, (one) => {
        const width = Math.max(0, Math.min(40, one.x + one.w) - Math.max(0, one.x));
        const height = Math.max(0, Math.min(20, one.y + one.h) - Math.max(0, one.y));
        const share = shareInside({ values: spot(8), grid: 8, window: whole }, [one]);
        return Math.abs(share - (width * height) / 800) < 0.02;
      }),
    );
  });
});
