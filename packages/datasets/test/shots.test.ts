import fc from 'fast-check';
import { drawShots, type ShotSource } from '../src/index.js';

/** Patients, each with the targets of their images: of one label, or of several. */
function source(patients: readonly (readonly number[])[][], labels: readonly string[] = ['a', 'b']): ShotSource {
  const images = patients.flatMap((rows, p) => rows.map((row) => ({ patient: `p${p}`, row })));
  return {
    samples: images.map(({ patient }) => ({ patient, split: 'train' as const })),
    labels,
    targets: images.flatMap(({ row }) => [...row]),
  };
}
const cell = fc.constantFrom(1, 0, NaN);
const people = fc.array(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 40,
});

describe('drawShots(source, { shots, seed, draw })', () => {
  it('draws so many images of both classes of each label, all where there are fewer, each of another patient where that can be', () => {
    fc.assert(
      fc.property(people, fc.integer({ min: 1, max: 6 }), fc.nat(99), (patients, shots, seed) => {
        const given = source(patients);
        const { byLabel, remarks } = drawShots(given, { shots, seed });
        given.labels.forEach((label, at) => {
          const patientsWith = (value: number): Set<string> =>
            new Set(
              given.samples.flatMap(({ patient }, row) => (given.targets[2 * row + at] === value ? [patient] : [])),
            );
          const [having, lacking] = [patientsWith(1), patientsWith(0)];
          for (const [rows, value] of [
            [byLabel[label].positives, 1],
            [byLabel[label].negatives, 0],
          ] as const) {
            const all = given.samples.filter((_, row) => given.targets[2 * row + at] === value).length;
            expect(new Set(rows).size).toBe(Math.min(shots, all));
            expect(rows.every((row) => given.targets[2 * row + at] === value)).toBe(true);
            expect(new Set(rows.map((row) => given.samples[row].patient)).size).toBe(
              Math.min(shots, patientsWith(value).size),
            );
          }
          const rows = [...byLabel[label].positives, ...byLabel[label].negatives];
          const isPossible =
            having.size >= shots && lacking.size >= shots && new Set([...having, ...lacking]).size >= 2 * shots;
          const distinct = new Set(rows.map((row) => given.samples[row].patient)).size;
          if (isPossible) expect(distinct).toBe(2 * shots);
          expect(
            remarks.some((line) => line.startsWith(`${label}: its ${rows.length} images are of ${distinct} patients`)),
          ).toBe(distinct < rows.length);
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  });
  it('names labels with too few images, with their counts', () => {
    const { remarks } = drawShots(source([[[1]], [[0]], [[0]], [[0]]], ['Edema']), { shots: 3, seed: 0 });
    expect(remarks).toEqual(['Edema: 1 training image with it, fewer than 3: all are used']);
  });
  it('draws the same for the same seed and draw, others for others, and for a label whatever the other labels are', () => {
    const many = source(Array.from({ length: 200 }, (_, i) => [[i % 2, i % 3 === 0 ? 1 : 0]]));
    const one = drawShots(many, { shots: 4, seed: 7, draw: 2 }).byLabel;
    expect(drawShots(many, { shots: 4, seed: 7, draw: 2 }).byLabel).toEqual(one);
    expect(drawShots(many, { shots: 4, seed: 7, draw: 3 }).byLabel.a).not.toEqual(one.a);
    expect(drawShots(many, { shots: 4, seed: 8, draw: 2 }).byLabel.a).not.toEqual(one.a);
    const alone = source(
      Array.from({ length: 200 }, (_, i) => [[i % 3 === 0 ? 1 : 0]]),
      ['b'],
    );
    expect(drawShots(alone, { shots: 4, seed: 7, draw: 2 }).byLabel.b).toEqual(one.b);
  });
  it('draws each image of a class equally often, and from the training split alone', () => {
    const given = source(
      Array.from({ length: 8 }, (_, i) => [[i < 4 ? 1 : 0]]),
      ['a'],
    );
    const samples = [...given.samples.map((sample) => ({ ...sample })), { patient: 'other', split: 'test' as const }];
    const counts = new Array<number>(9).fill(0);
    for (let draw = 1; draw <= 400; draw++) {
      const { a } = drawShots(
        { ...given, samples, targets: [...Array.from(given.targets), 1] },
        { shots: 1, seed: 3, draw },
      ).byLabel;
      for (const row of [...a.positives, ...a.negatives]) counts[row]++;
    }
    // 100 expected, standard deviation 8.7.
    for (const count of counts.slice(0, 8)) expect(Math.abs(count - 100)).toBeLessThan(35);
    expect(counts[8]).toBe(0);
  });
  it('refuses counts that are none', () => {
    expect(() => drawShots(source([[[1, 1]]]), { shots: 0, seed: 0 })).toThrow('expected shots to be a whole number');
    expect(() => drawShots(source([[[1, 1]]]), { shots: 1, seed: 0, draw: 0.5 })).toThrow('expected draw to be');
  });
});
