import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeDicom } from '@cxr-align/image-backbone/images';
import { type DicomElements, writeDicom } from '@cxr-align/testkit';
import { dicomResults } from '../src/index.js';

const film = (changes: DicomElements = {}): Uint8Array =>
  writeDicom({
    '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.1.1'],
    '00080018': ['UI', '1.2.3.4'],
    '00100010': ['PN', 'Roe^Jane'],
    '0020000d': ['UI', '1.2.3'],
    '0020000e': ['UI', '1.2.3.1'],
    '00280002': ['US', 1],
    '00280004': ['CS', 'MONOCHROME2'],
    '00280010': ['US', 4],
    '00280011': ['US', 6],
    '00280100': ['US', 8],
    '00280101': ['US', 8],
    '00280102': ['US', 7],
    '00280103': ['US', 0],
    '7fe00010': ['OW', Uint8Array.from({ length: 24 }, (_, i) => 10 * i)],
    ...changes,
  });
const label = { probability: 0.7, score: 0.7, threshold: 0.5, positive: true };
const map = {
  label: 'Edema',
  kind: 'occlusion' as const,
  grid: 2,
  values: [0, 1, 0, 0],
  boxes: [{ x: 4, y: -1, w: 5, h: 3, share: 1 }],
  window: { x: 0, y: 0, w: 6, h: 4 },
  evidence: { verdict: 'not measured' as const, text: 'not measured' },
};
const model = { name: 'runs/a', hash: 'ab'.repeat(32), version: '1.0.0' };
const prediction = { labels: { Edema: label }, map } as unknown as Parameters<typeof dicomResults>[1];

describe('dicomResults', () => {
  it('writes report, picture and boxes, which end at the edges of the image', async () => {
    const { report, capture, state, remarks } = await dicomResults(film(), prediction, { model });
    expect(remarks).toEqual([]);
    expect(Buffer.from(report).includes('Roe^Jane')).toBe(true);
    const picture = await decodeDicom(capture, 'capture');
    expect(picture.width).toBe(6);
    // Four corners and the first one again: 4, 0 to 6, 2.
    const corners = Buffer.from(new Uint8Array(new Float32Array([4, 0, 6, 0, 6, 2, 4, 2, 4, 0]).buffer));
    expect(Buffer.from(state!).includes(corners)).toBe(true);
  });

  it('writes no state where there is no box, and says where there can be none', async () => {
    const without = await dicomResults(film(), { labels: prediction.labels }, { model });
    expect([without.state, without.remarks]).toEqual([undefined, []]);
    const table = {
      items: [{ '00283002': ['US', [4, 0, 8]] as const, '00283006': ['US', [0, 80, 160, 255]] as const }],
    };
    const { state, remarks } = await dicomResults(film({ '00283010': ['SQ', table] }), prediction, { model });
    expect(state).toBeUndefined();
    expect(remarks).toEqual([expect.stringContaining('no presentation state: the image has a lookup table')]);
  });

  it('refuses what is no DICOM image, what is not there and what has no UIDs, without a name of a patient', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dicom-results-'));
    const file = join(folder, 'a.png');
    writeFileSync(file, 'no DICOM');
    const refusal = async (image: string | Uint8Array): Promise<string> =>
      dicomResults(image, prediction, { model }).then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await refusal(file)).toContain(`expected a DICOM image to write results for, got another kind of file`);
    expect(await refusal(join(folder, 'none.dcm'))).toContain('expected a file that can be read, got none');
    const withoutRows = writeDicom({ '00080016': ['UI', '1.2'], '00100010': ['PN', 'Roe^Jane'] });
    expect(await refusal(withoutRows)).toContain('expected Rows and Columns in the DICOM header, got none');
    const withoutStudy = await refusal(film({ '0020000d': ['UI', ''] }));
    expect(withoutStudy).toContain('expected a Study Instance UID');
    expect(withoutStudy).not.toContain('Roe');
  });
});
