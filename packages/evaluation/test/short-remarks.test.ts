import { reliabilityRemark } from '@cxr-align/metrics';
import { shortRemarks } from '../src/short-remarks.js';

const few = (label: string, positives: number, negatives = 100): string =>
  `${label}: ${reliabilityRemark({ positives, negatives })}`;

describe('shortRemarks(remarks)', () => {
  it('names labels with few cases in one sentence, where there are several, and keeps the others', () => {
    const remarks = ['first', few('Edema', 1), 'between', few('A: B', 4, 3), few('Mass', 9)];
    expect(shortRemarks(remarks)).toEqual([
      'first',
      'estimates and tests are unreliable with fewer than 10 images with or without a label: Edema (1 positive), A: B (4 positives and 3 negatives), Mass (9 positives)',
      'between',
    ]);
  });
  it('leaves one or two as they are', () => {
    const remarks = [few('Edema', 1), few('Mass', 9)];
    expect(shortRemarks(remarks)).toEqual(remarks);
  });
});
