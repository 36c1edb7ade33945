import { mapEvidence } from '../src/predict/map-evidence.js';

type Label = { images: number; pointing: number; onlyMap?: number; onlyCentre?: number };

/** An evaluation with gradient maps of X beside a centre map that points into a box in half of the images. */
function measured(own: Label, data = 'a, test') {
  const kind = (label: Label) => ({
    ...{ pointing: null, pointingCi: [null, null], iou: null, iouCi: [null, null], inside: null },
    insideCi: [null, null] as [null, null],
    labels: { X: { iou: 0, inside: 0, ...label } },
  });
  const kinds = { gradient: kind(own), centre: kind({ images: own.images, pointing: 0.5 }) };
  return { data, localisation: { boxes: 'boxes.csv', images: own.images, kinds } } as never;
}
const verdict = (own: Label): string => mapEvidence([measured(own)], 'gradient', 'X').verdict;

describe('mapEvidence(measured, kind, label)', () => {
  it('compares pointing with a centre map, by a sign test', () => {
    expect(verdict({ images: 20, pointing: 0.5, onlyMap: 4, onlyCentre: 4 })).toBe('no better than a centre map');
    expect(verdict({ images: 20, pointing: 0.7, onlyMap: 4, onlyCentre: 0 })).toBe(
      'not shown to be better than a centre map', // p = 1/16
    );
    expect(verdict({ images: 20, pointing: 0.75, onlyMap: 5, onlyCentre: 0 })).toBe('better than a centre map'); // p = 1/32
    expect(verdict({ images: 9, pointing: 0, onlyMap: 0, onlyCentre: 5 })).toBe('too few images');
    // Evaluations of before the discordant images were counted.
    expect(verdict({ images: 20, pointing: 0.9 })).toBe('not shown to be better than a centre map');
  });

  it('takes the evaluation with the most images of the label, and says where nothing was measured', () => {
    const both = [measured({ images: 12, pointing: 0.1 }), measured({ images: 40, pointing: 0.8 }, 'b, val')];
    expect(mapEvidence(both, 'gradient', 'X')).toMatchObject({
      images: 40,
      pointing: 0.8,
      centre: 0.5,
      data: 'b, val',
    });
    expect(mapEvidence(both, 'gradient', 'X').text).toBe(
      'not shown to be better than a centre map: the largest value of gradient maps lies in a box of X in 80 % of 40 images of b, val, that of a centre map in 50 %',
    );
    expect(mapEvidence(both, 'occlusion', 'X').verdict).toBe('not measured');
    expect(mapEvidence(both, 'gradient', 'Y').verdict).toBe('not measured');
  });
});
