import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDataset } from '@cxr-align/datasets';
import { writeNpy } from '@cxr-align/files';
import { findSuspects } from '../../src/suspects/find-suspects.js';
import { suspectsCsv } from '../../src/suspects/suspect.js';
import { featureData } from '../feature-data.js';

/** D is flipped in every 16th image, and blank in image 7, where it is present; image 5 has the child A/B without A. */
const wrongD = [0, 7, 16, 32, 48, 64];
const wrong = () =>
  featureData(80, (cells, row) => {
    if (row % 16 === 0) cells.D = 1 - Number(cells.D);
    if (row === 5) [cells.A, cells['A/B']] = [0, 1];
    if (row === 7) cells.D = '';
    if (row === 9) cells.D = -1;
  });

describe('findSuspects(options)', () => {
  it('finds labels that were flipped, a contradiction of the hierarchy, and the same image with other labels', async () => {
    const { dataset, store } = await wrong();
    const found = await findSuspects({ data: { dataset }, features: store });
    const first = found.suspects.filter(({ label }) => label === 'D').slice(0, wrongD.length);
    expect(first.map(({ image }) => parseInt(image)).sort((a, b) => a - b)).toEqual(wrongD);
    expect(first[0].reasons.join('; ')).toMatch(
      /models that were not trained on the patient have a probability of 0\.\d{3}; \d+ of the 10 most similar images of other patients have it/,
    );
    const contradiction = found.suspects.find(({ image, kinds }) => image === '5.png' && kinds.includes('hierarchy'));
    expect(contradiction!.reasons[0]).toMatch(
      /present, while A above it is absent|absent, while A\/B below it is present/,
    );
    expect(found.kinds.hierarchy).toBe(2);
    // Images 0 and 1 have the same bytes.
    expect(found.suspects.some(({ image, kinds }) => image === '0.png' && kinds.includes('duplicate'))).toBe(true);
    // The blank of image 7 is absent by the policy, the uncertain label of image 9 unknown.
    expect(found.annotations).toBe(80 * 3 - 1);
    expect(found.remarks.join('\n')).toContain('images with nearly the same pixels were not searched (checkImages)');
  });

  it('gives the same result for the same seed', async () => {
    const { dataset, store } = await wrong();
    const options = { data: { dataset }, features: store, seed: 3 };
    expect(await findSuspects(options)).toEqual(await findSuspects(options));
  });

  it('counts and names images that the store lacks', async () => {
    const { dataset, store, folder } = await featureData(40);
    writeFileSync(
      join(folder, 'labels.csv'),
      'image,patientId,split,A,A/B,D\n0.png,p,train,1,0,1\n1.png,q,train,0,0,1\n2.png,r,train,1,1,0\nx.png,s,train,0,0,0\n',
    );
    const found = await findSuspects({ data: { dataset: await readDataset(folder) }, features: store, neighbours: 1 });
    expect(found.missing).toEqual({ count: 1, images: ['x.png'] });
    expect(found.images).toBe(3);
    expect(found.remarks.join('\n')).toContain('present in fewer than 10 patients');
    await expect(
      findSuspects({
        data: { dataset: { ...dataset, samples: dataset.samples.map((one) => ({ ...one, id: `other ${one.id}` })) } },
        features: store,
      }),
    ).rejects.toThrow(
      "expected features of the data set's 40 images, got a store without any of them (it has 0.png, 1.png, 2.png)",
    );
  });

  it("takes another program's scores, logits too, and says what it assumes", async () => {
    const { dataset, folder } = await wrong();
    const at = (name: string): string => join(folder, name);
    const logits = dataset.annotations.values.map((value) => (value === 1 ? 3 : -3));
    logits[2] = -4;
    const isPresent = dataset.annotations.values[2] === 1;
    if (!isPresent) logits[2] = 4;
    writeFileSync(at('s.npy'), writeNpy({ data: logits, shape: [80, 3] }));
    writeFileSync(at('labels.json'), JSON.stringify(['A', 'A/B', 'D']));
    writeFileSync(at('names.txt'), dataset.samples.map(({ id }) => id).join('\n'));
    const given = { scores: at('s.npy'), labels: at('labels.json'), samples: at('names.txt') };
    const { suspects, remarks, neighbourWeight } = await findSuspects({ data: { dataset }, ...given });
    expect(suspects[0]).toMatchObject({
      image: '0.png',
      label: 'D',
      kinds: ['model'],
      given: isPresent ? 'present' : 'absent',
    });
    expect(neighbourWeight).toBeNull();
    expect(remarks).toEqual(
      expect.arrayContaining([
        'scores outside [0, 1]: taken as logits',
        'the scores are taken to be of models that were not trained on the image they score',
        'similar images were not compared: no features are given',
      ]),
    );
  });

  it('refuses what it cannot use', async () => {
    const { dataset, store } = await featureData(20);
    const data = { dataset };
    await expect(findSuspects({ data })).rejects.toThrow('expected a feature store or out-of-fold scores, got neither');
    await expect(findSuspects({ data, features: store, folds: 1 })).rejects.toThrow(
      'expected folds as a whole number of at least 2, got 1',
    );
    await expect(findSuspects({ data, features: store, labelPolicy: 'u-self-trained' })).rejects.toThrow(
      'expected a label policy of u-ignore, u-zeros',
    );
    await expect(findSuspects({ data, features: store, neigbours: 3 } as never)).rejects.toThrow(TypeError);
  });
});

describe('suspectsCsv(suspects)', () => {
  it('quotes texts, and disarms what a spreadsheet would compute', () => {
    const text = suspectsCsv([
      {
        image: '=HYPERLINK("x").png',
        patient: 'p',
        split: 'train',
        label: 'A, left',
        given: 'present',
        annotated: true,
        probability: 0.01,
        suspicion: 0.99,
        kinds: ['model'],
        reasons: ['why'],
        neighbours: [{ image: 'n.png', similarity: 0.9, given: 'absent' }],
      },
    ]);
    expect(text.split('\n')[1]).toBe(
      `1,"'=HYPERLINK(""x"").png",p,train,"A, left",present,yes,0.01,0.99,model,why,n.png (absent)`,
    );
  });
});
