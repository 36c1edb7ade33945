import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FeatureStore } from '@cxr-align/datasets';
import { writeNpy } from '@cxr-align/files';
import {
  averagePoolModel,
  describeWithOnnx,
  greyDicomElements,
  itWithShared,
  madeUpData,
  startCommand,
  tokenNumberModel,
  wordTokenizer,
  writeDicom,
} from '@cxr-align/testkit';

const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'command-'));

/** Runs the built command, as people do. */
function cxrAlign(...args: string[]): { code: number | null; out: string; err: string } {
  // As on a machine where nothing is set up.
  const env = { ...process.env, CXR_ALIGN_CACHE: join(place, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: place, env });
  return { code: status, out: stdout, err: stderr };
}
const runCommand = startCommand(place, { ...process.env, CXR_ALIGN_CACHE: join(place, 'cache') });
/** Runs the built command in a process that has loaded it already. */
const inOneProcess = (...args: string[]) => runCommand(args);
/** The command refuses: exit code 2, a text that helps, and no stack trace. */
function expectRefusal(args: string[], message: string): void {
  const { code, out, err } = inOneProcess(...args);
  expect({ args, code, err }).toEqual({ args, code: 2, err: expect.stringContaining(message) });
  expect(err).not.toMatch(/\n\s+at /);
  expect(out).toBe('');
}
const quickFlags = [
  'epochs=2',
  'batchSize=16',
  'bootstrap=20',
  'image.size=16',
  'encoder.channels=[4,6]',
  'decoder.dim=8',
  'decoder.heads=2',
  'decoder.layers=1',
].flatMap((one) => ['--set', one]);

describe('cxr-align', () => {
  let data: string;
  beforeAll(async () => {
    data = await madeUpData(60);
    for (const model of ['vision-only', 'aligned']) {
      const { code, err } = cxrAlign('train', '--data', data, '--out', `run-${model}`, '--model', model, ...quickFlags);
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    }
  });

  it('prints all of a long result to a reader that is slow, and ends where one has enough', () => {
    const matrix = `'${process.execPath}' '${bin}' graph matrix --graph padchest --kind wu-palmer --json`;
    const shell = (line: string): { stdout: string; stderr: string } =>
      spawnSync('sh', ['-c', line], { encoding: 'utf8', maxBuffer: 2 ** 24 });
    const { stdout } = shell(`${matrix} | (sleep 3; cat)`);
    expect((JSON.parse(stdout) as { labels: string[] }).labels).toHaveLength(193);
    expect(shell(`${matrix} | head -c 9`)).toMatchObject({ stdout: '{"labels"', stderr: '' });
  });
  it('writes all of a run whose messages nobody reads any more', () => {
    const train = ['train', '--data', data, '--out', 'unread', '--model', 'linear', ...quickFlags];
    const quoted = [process.execPath, bin, ...train].map((word) => `'${word}'`).join(' ');
    const { status } = spawnSync('bash', ['-c', `{ ${quoted}; echo $? > code; } 2>&1 | head -n 1 | true`], {
      cwd: place,
    });
    expect(status).toBe(0);
    expect(readFileSync(join(place, 'code'), 'utf8')).toBe('0\n');
    expect(existsSync(join(place, 'unread', 'report.html'))).toBe(true);
  });
  it('trains: a table on stdout, the rest on stderr', () => {
    const { code, out, err } = cxrAlign(
      'train',
      '--data',
      data,
      '--out',
      'run-table',
      '--preset',
      'linear',
      ...quickFlags,
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^label +with +AUROC/);
    expect(out).toContain('report: run-table/report.html');
    expect(err).toContain('60 images, 4 labels, read as labels-csv');
  });
  it('evaluates a run and prints JSON alone on stdout', () => {
    const { code, out } = cxrAlign(
      'evaluate',
      '--run',
      'run-aligned',
      '--data',
      data,
      '--split',
      'val',
      '--out',
      'on-val',
      '--json',
    );
    expect(code).toBe(0);
    const evaluation = JSON.parse(out);
    expect(evaluation.split).toBe('val');
    expect(Object.keys(evaluation.labels)).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(JSON.parse(readFileSync(join(place, 'on-val', 'evaluation.json'), 'utf8'))).toEqual(evaluation);
    expect(evaluation.labelShift).toBeNull();
    expect(existsSync(join(place, 'on-val', 'figures'))).toBe(false);
  });
  it('reports an evaluation, corrected for another prevalence where asked', () => {
    const onTest = ['evaluate', '--run', 'run-aligned', '--data', data, '--label-shift', '--png', '--out', 'shifted'];
    const { code, out, err } = cxrAlign(...onTest, '--error-thumbnails', '2');
    expect(code).toBe(0);
    expect(out).toContain('corrected for the prevalence of these images: calibration error');
    expect(err).toContain(
      'the correction for prevalence takes probabilities as calibrated, and those of this run are not',
    );
    const read = (folder: string) => JSON.parse(readFileSync(join(place, folder, 'evaluation.json'), 'utf8'));
    const [own, shifted] = [read('run-aligned'), read('shifted')];
    for (const label of ['A', 'A/B', 'A/C', 'D']) {
      // Ranks and calls stay; what is said to be how probable does not.
      for (const score of ['auroc', 'truePositives', 'falsePositives'])
        expect(shifted.labels[label][score] ?? -1).toBeCloseTo(own.labels[label][score] ?? -1, 9);
      expect(shifted.labelShift.labels[label].estimated).toBeGreaterThan(0);
    }
    expect(shifted.labelShift.before).toEqual({ brier: own.macro.brier, ece: own.macro.ece });
    expect(shifted.macro.brier).not.toBe(own.macro.brier);
    const report = readFileSync(join(place, 'shifted', 'report.html'), 'utf8');
    for (const heading of [
      'Verdicts',
      'Labels, one by one',
      'Scores',
      'Calibration',
      'Largest errors',
      'Training',
      'Model card',
    ])
      expect(report).toContain(`<h2>${heading}</h2>`);
    for (const text of [
      'Corrected for the prevalence',
      'Images by what they show and what was called',
      'before training',
      'target of the graph loss',
      '40 images of ',
    ])
      expect(report).toContain(text);
    expect(existsSync(join(place, 'shifted', 'figures', 'largest-errors-1.png'))).toBe(true);
  });
  it('compares three runs in one report', () => {
    for (const folder of ['on-val-a', 'on-val-b', 'on-val-c'])
      cxrAlign(
        'evaluate',
        '--run',
        folder === 'on-val-a' ? 'run-vision-only' : 'run-aligned',
        '--data',
        data,
        '--out',
        folder,
      );
    const { code, out } = cxrAlign(
      'compare',
      'on-val-a',
      'on-val-b',
      'on-val-c',
      '--resamples',
      '20',
      '--out',
      'three',
    );
    expect(code).toBe(0);
    expect(out).toContain('report: three/report.html');
    expect(JSON.parse(readFileSync(join(place, 'three', 'comparison.json'), 'utf8'))).toHaveLength(2);
    const report = readFileSync(join(place, 'three', 'report.html'), 'utf8');
    for (const text of ['<h2>on-val-b against on-val-a</h2>', '<h2>on-val-c against on-val-a</h2>', 'on-val-c: '])
      expect(report).toContain(text);
    expect(report).toContain('on-val-c: called from');
  });
  it('compares two runs', () => {
    const { code, out } = cxrAlign('compare', 'run-vision-only', 'run-aligned', '--resamples', '50');
    expect(code).toBe(0);
    expect(out).toMatch(/^A\/B /m);
    expect(out).toMatch(/^macro /m);
    expect(existsSync(join(place, 'compare-run-vision-only-run-aligned', 'report.html'))).toBe(true);
  });
  it('predicts images, a parent never below its child', () => {
    const image = join(data, 'images', '0.png');
    const { code, out } = cxrAlign('predict', '--run', 'run-aligned', image, join(data, 'images', '1.png'));
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.file)).toEqual([image, join(data, 'images', '1.png')]);
    for (const { labels } of lines) {
      expect(labels.A.probability).toBeGreaterThanOrEqual(
        Math.max(labels['A/B'].probability, labels['A/C'].probability),
      );
      expect(typeof labels.D.positive).toBe('boolean');
    }
  });
  it('takes keys of the configuration as flags', () => {
    const out = join(place, 'run-flags');
    const keys = ['--epochs', '1', '--batch-size', '20', '--image-size', '16', '--learning-rate', '0.004'];
    const rest = ['--model', 'linear', '--set', 'bootstrap=20'];
    const { code, err } = cxrAlign('train', '--data', data, '--out', out, ...keys, ...rest);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    const config = JSON.parse(readFileSync(join(out, 'model', 'config.json'), 'utf8'));
    expect(config.config).toMatchObject({ epochs: 1, batchSize: 20, image: { size: 16 }, learningRate: 0.004 });
  });
  it('predicts folders and patterns into JSON lines and CSV, with a record for what cannot be read', () => {
    const folder = join(place, 'scans');
    mkdirSync(join(folder, 'deep'), { recursive: true });
    for (const name of ['0.png', '1.png', 'deep/2.png'])
      copyFileSync(join(data, 'images', name.replace('deep/', '')), join(folder, name));
    writeFileSync(join(folder, 'broken.png'), 'no image');
    const predict = (...args: string[]) => cxrAlign('predict', '--run', 'run-vision-only', ...args);
    const all = predict('scans', '--out', 'scans.jsonl');
    expect({ code: all.code, out: all.out }).toEqual({ code: 2, out: 'scans.jsonl: 4 images, 1 failed\n' });
    expect(all.err).toContain('1 of 4 images could not be predicted');
    const records = readFileSync(join(place, 'scans.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ file }) => file)).toEqual(
      ['0.png', '1.png', 'broken.png', 'deep/2.png'].map((name) => join('scans', name)),
    );
    expect(records[2].error).toContain('broken.png');
    expect(records[2].labels).toBeUndefined();
    for (const { model, seconds } of records) {
      expect(model).toEqual({
        name: 'run-vision-only',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        version: '0.1.0',
        engine: expect.stringMatching(/^wasm \(/),
        thresholds: 'fitted on validation by youden',
      });
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    expect(predict('scans/[01].png', '--out', 'two.csv').code).toBe(0);
    const [header, ...rows] = readFileSync(join(place, 'two.csv'), 'utf8').trimEnd().split('\n');
    expect(header).toContain('probability:A/B,score:A/B,threshold:A/B,positive:A/B');
    expect(rows).toHaveLength(2);
    // The engine's name has a comma.
    const cells = rows[0].replace(/"[^"]*"/g, 'quoted').split(',');
    expect(Number(cells[header.split(',').indexOf('probability:D')])).toBe(records[0].labels.D.probability);
    const lost = predict('nowhere.png');
    expect(lost.code).toBe(2);
    expect(JSON.parse(lost.out)).toMatchObject({ file: 'nowhere.png', error: expect.stringContaining('no such file') });
    expectRefusal(['predict', '--run', 'run-vision-only', 'scans/*.dcm'], 'expected a pattern that matches files');
    expectRefusal(
      ['predict', '--run', 'run-vision-only', 'scans', '--out', 'x.txt'],
      'expected --out to end in .jsonl or .csv',
    );
  });
  it('predicts no CT and no hand, whatever the files are called, unless asked to', () => {
    const folder = join(place, 'other-films');
    mkdirSync(folder);
    const film = (name: string, modality: string, part: string): void =>
      writeFileSync(
        join(folder, name),
        writeDicom(
          greyDicomElements(new Array<number>(400).fill(7), { '00080060': ['CS', modality], '00180015': ['CS', part] }),
        ),
      );
    film('chest.dcm', 'DX', 'CHEST');
    film('ct.dcm', 'CT', 'CHEST');
    film('hand.png', 'DX', 'HAND');
    const refused = cxrAlign('predict', '--run', 'run-vision-only', 'other-films');
    const records = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('2 of 3 images could not be predicted');
    const [chest, ct, hand] = records(refused.out);
    expect(Object.keys(chest.labels)).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(ct.error).toBe(
      'other-films/ct.dcm: expected a chest radiograph (Modality CR or DX), got Modality CT; correct its header, or predict it all the same (--any-modality)',
    );
    expect(hand.error).toContain('got HAND');
    expect([ct.labels, hand.labels]).toEqual([undefined, undefined]);
    const all = cxrAlign('predict', '--run', 'run-vision-only', 'other-films', '--any-modality');
    expect(all.code).toBe(0);
    for (const { labels } of records(all.out)) expect(labels.D.probability).toBeGreaterThan(0);
  });
  it('prints its own version, wherever it runs', () => {
    writeFileSync(join(place, 'package.json'), '{ "version": "9.9.9" }');
    expect(cxrAlign('--version').out).toBe('0.1.0\n');
  });
  it('evaluates scores of another program', () => {
    writeFileSync(join(place, 'scores.npy'), writeNpy({ shape: [4, 1], data: Float32Array.of(-2, 3, 1, -1) }));
    writeFileSync(join(place, 'targets.npy'), writeNpy({ shape: [4, 1], data: Int8Array.of(0, 1, 0, -1) }));
    writeFileSync(join(place, 'names.json'), '["Edema"]');
    const { code, out } = cxrAlign(
      'evaluate',
      '--scores',
      'scores.npy',
      '--targets',
      'targets.npy',
      '--labels',
      'names.json',
      '--out',
      'scored',
      '--json',
    );
    expect(code).toBe(0);
    expect(readFileSync(join(place, 'scored', 'report.html'), 'utf8')).toContain(
      'The threshold is 0.5 for every label.',
    );
    expect(JSON.parse(out).labels.Edema).toMatchObject({
      positives: 1,
      negatives: 2,
      auroc: 1,
      threshold: 0.5,
      specificity: 0.5,
    });
  });
  it('draws phantoms and describes them', () => {
    expect(cxrAlign('phantom', '--out', 'phantom', '--images', '12', '--size', '32').code).toBe(0);
    const { code, out } = cxrAlign('data', 'describe', '--data', 'phantom', '--check-images', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      format: 'chexpert',
      rows: 12,
      unreadableImages: [],
      patientsInSeveralSplits: 0,
    });
    expectRefusal(['phantom', '--out', 'phantom'], 'expected a folder without a data set');
  });
  it('writes predictions as DICOM into the study of the image, and says which image has none', () => {
    const png = join(data, 'images', '0.png');
    const uids = {
      '00080016': '1.2.840.10008.5.1.4.1.1.1.1',
      '00080018': '1.2.3.77',
      '0020000d': '1.2.3',
      '0020000e': '1.2.3.1',
    };
    const identified = Object.entries(uids).map(([tag, uid]): [string, [string, string]] => [tag, ['UI', uid]]);
    const film = 'film.dcm';
    writeFileSync(
      join(place, film),
      writeDicom(greyDicomElements(new Array<number>(400).fill(7), Object.fromEntries(identified))),
    );
    const { code, out, err } = cxrAlign('predict', '--run', 'run-aligned', film, png, '--dicom-out', 'results');
    const [written, refused] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(2);
    expect(err).toContain('1 of 2 images could not be predicted and written');
    expect(written.dicom.report).toBe(join('results', 'film.sr.dcm'));
    expect(readFileSync(join(place, written.dicom.report)).includes('1.2.3.77')).toBe(true);
    expect(existsSync(join(place, written.dicom.capture))).toBe(true);
    expect(Object.keys(refused.labels)).toEqual(Object.keys(written.labels));
    expect(refused.error).toContain('no DICOM results: ');
    expect(refused.error).toContain('expected a DICOM image to write results for');
  });
  it('serves and watches nothing where the flags do not fit', () => {
    expectRefusal(
      ['train', '--data', data, '--out', 'unread-store', '--unlabelled', 'val', '--unlabelled-features', 'store'],
      'expected --unlabelled-features with --unlabelled DIR, whose images it has, got it without',
    );
    const serve = (...args: string[]) => ['serve', '--run', 'run-vision-only', ...args];
    expectRefusal(['serve', '--run', 'nowhere'], 'expected a trained run');
    expectRefusal(serve('--listen', '0.0.0.0:0'), 'expected a token where the service listens beyond this machine');
    expectRefusal(serve('--token-file', 'nowhere'), 'expected --token-file to be a file that can be read, got nowhere');
    expectRefusal(serve('--max-waiting', '-1'), 'expected --max-waiting to be a number of 0 or more, got -1');
    expectRefusal(serve('--spool', 'spool'), 'expected a folder for accepted studies (spool) and the archive');
    expectRefusal(
      ['watch', '--run', 'run-vision-only', '--in', 'nowhere', '--out', 'watched'],
      'expected a folder to watch, got none',
    );
  });
  it('watches a folder, and ends once all is done', () => {
    mkdirSync(join(place, 'incoming'));
    copyFileSync(join(data, 'images', '0.png'), join(place, 'incoming', '0.png'));
    const { code, out } = cxrAlign(
      ...['watch', '--run', 'run-vision-only', '--in', 'incoming', '--out', 'watched', '--once', '--settled', '0'],
    );
    expect({ code, out }).toEqual({ code: 0, out: '0.png: predicted\n1 predicted, 0 refused\n' });
    const { labels } = JSON.parse(readFileSync(join(place, 'watched', '0.png.json'), 'utf8'));
    const { out: predicted } = cxrAlign('predict', '--run', 'run-vision-only', join(data, 'images', '0.png'));
    const expected = JSON.parse(predicted).labels as Record<string, { probability: number }>;
    for (const [name, { probability }] of Object.entries(expected)) expect(labels[name].probability).toBe(probability);
  });
  it('explains, predicts zero-shot, and draws maps', () => {
    const [image, other] = ['0.png', '1.png'].map((name) => join(data, 'images', name));
    const ask = (...more: string[]) => JSON.parse(cxrAlign('predict', '--run', 'run-aligned', image, ...more).out);
    const { labels } = ask('--explain', '--map', 'map.png', '--map-label', 'D');
    for (const { probability, explanation } of Object.values(labels) as {
      probability: number;
      explanation: { value: number; parts: { contribution: number; change: number }[] };
    }[]) {
      const sum = explanation.parts.reduce((total, { contribution }) => total + contribution, 0);
      expect(Math.abs(sum - explanation.value)).toBeLessThan(1e-6);
      const told = explanation.parts.reduce((total, { change }) => total + change, 0.5);
      expect(Math.abs(told - probability)).toBeLessThan(1e-6);
    }
    expect(readFileSync(join(place, 'map.png')).subarray(1, 4).toString()).toBe('PNG');
    const asked = ask('--zero-shot').labels;
    expect(asked.A.probability).toBeCloseTo(labels.A.explanation.promptsAlone.probability, 5);
    expect(asked.A.explanation).toBeUndefined();
    const several = cxrAlign(
      'predict',
      '--run',
      'run-aligned',
      image,
      other,
      '--map',
      'maps',
      '--map-kind',
      'attention',
    );
    expect(
      several.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).map.kind),
    ).toEqual(['attention', 'attention']);
    expectRefusal(
      ['predict', '--run', 'run-aligned', image, other, '--map', 'map.png'],
      'expected --map to be a folder',
    );
    expectRefusal(
      ['predict', '--run', 'run-aligned', image, '--map', 'm.png', '--map-label', 'X'],
      'expected --map-label',
    );
    expectRefusal(
      ['predict', '--run', 'run-vision-only', image, '--zero-shot'],
      'expected a run that knows the observations',
    );
    expectRefusal(
      ['predict', '--run', 'run-vision-only', image, '--map', 'm.png', '--map-kind', 'attention'],
      'expected --map-kind of occlusion, gradient, which this model has, got attention',
    );
    expectRefusal(['predict', image], 'expected --run RUN, or --zero-shot with --encoder DIR');
    expectRefusal(
      ['predict', '--run', 'run-aligned', image, '--map-kind', 'gradient'],
      'with --map or --dicom-out, got one of them',
    );
    expectRefusal(
      ['predict', '--run', 'run-aligned', image, '--graph', 'nih-14'],
      'expected no --text-encoder and no --graph',
    );
  });
  it('shows prompts before and after training, and attacks them', () => {
    const { trained, negation, cosine } = JSON.parse(
      cxrAlign('prompts', 'similarity', '--run', 'run-aligned', '--json', '--out', 'prompts').out,
    );
    expect(Object.keys(negation)).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(trained.cosine).toHaveLength(4);
    expect(trained.cosine).not.toEqual(cosine);
    expect(readFileSync(join(place, 'prompts', 'report.html'), 'utf8')).toContain('after training');
    expect(cxrAlign('prompts', 'similarity', '--graph', 'seed-14').out).toContain('"X" and "no X" (last column): mean');
    const flags = ['prompts', 'attack', '--run', 'run-aligned', '--data', data, '--budget', '30', '--length', '2'];
    const { code, out, err } = cxrAlign(...flags, '--json');
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    const result = JSON.parse(out);
    expect(Object.keys(result.labels[0].suffixes)).toEqual(['random', 'greedy', 'genetic']);
    expect(result.auroc.before.model).toBeGreaterThan(0);
    expect(Object.keys(result.auroc.after)).toEqual(expect.arrayContaining(['random', 'greedy', 'genetic', 'case']));
    expect(cxrAlign(...flags).out).toContain('macro AUROC on val');
    expectRefusal(['prompts', 'attack', '--count', '2'], 'got --count');
    expectRefusal(['prompts', 'similarity', '--run', 'run-aligned', '--dim', '4'], 'it has prompts of its own');
    expectRefusal(['prompts', 'attack', '--data', data], 'expected --run RUN with --data');
    expectRefusal(['prompts', 'attack', '--budget', '0'], 'expected --budget to be a whole number of 1 or more, got 0');
    expectRefusal(['prompts', 'attack', '--concept', 'X', '--budget', '1'], 'expected --concept to be a label');
    expectRefusal(['prompts', 'similarity', '--run', 'run-vision-only'], 'expected a run with prompts');
    expectRefusal(
      ['prompts', 'encode', '--text-encoder', 'nowhere'],
      'expected a text encoder: built-in, use-lite or a folder',
    );
  });
  it('prints graphs, matrices, prompts, engines and configuration keys', () => {
    expect(inOneProcess('graph', 'show', '--graph', 'chexpert-14').out).toContain('│  └─ Cardiomegaly');
    expect(
      JSON.parse(inOneProcess('graph', 'matrix', '--graph', 'seed-14', '--kind', 'path-distance', '--json').out)
        .matrix[0][0],
    ).toBe(0);
    expect(inOneProcess('graph', 'check', '--graph', 'nih-14').out).toContain('14 labels');
    expect(JSON.parse(inOneProcess('prompts', 'similarity', '--json').out).offDiagonal.mean).toBeLessThan(1);
    expect(JSON.parse(inOneProcess('prompts', 'encode', '--graph', 'nih-14', '--json').out).embeddings).toHaveLength(
      14,
    );
    expect(JSON.parse(inOneProcess('doctor', '--json').out).engines.map(({ name }: { name: string }) => name)).toEqual([
      'cuda',
      'webgpu',
      'native',
      'wasm',
      'cpu',
    ]);
    expect(inOneProcess('train', '--help-config').out).toContain('losses.contrastive');
  });
  it('sets nothing up where it cannot, and says why', () => {
    const { code, err } = cxrAlign('setup', 'native', '--from', 'nowhere.whl');
    expect(code).toBe(2);
    expect(err).toContain('expected --from to be a file or a folder, got nowhere.whl (no such file)');
    expect(cxrAlign('setup', 'gpu', '--remove').out).toBe('gpu was not set up: nothing to do\n');
  });
  it('lists, draws, drafts, checks, converts and maps label graphs', () => {
    const json = (...args: string[]): ReturnType<typeof JSON.parse> => {
      const { code, out, err } = inOneProcess(...args, '--json');
      expect({ args, code, err }).toEqual({ args, code: 0, err: expect.any(String) });
      return JSON.parse(out);
    };
    expect(json('graph', 'list').find(({ name }: { name: string }) => name === 'padchest').labels).toBe(193);
    expect(json('graph', 'map', '--from', 'nih-14', '--to', 'chexpert-14')['Lung Lesion']).toEqual({
      from: [
        { label: 'Mass', relation: 'narrower' },
        { label: 'Nodule', relation: 'narrower' },
      ],
    });
    const drawn = inOneProcess('graph', 'show', '--graph', 'cxr-lt-40', '--svg', 'tree.svg', '--html', 'tree.html');
    expect(drawn.code).toBe(0);
    expect(readFileSync(join(place, 'tree.svg'), 'utf8')).toMatch(/^<svg .*Round\(ed\) Atelectasis/);
    expect(readFileSync(join(place, 'tree.html'), 'utf8')).toContain('similarity in the graph (Wu-Palmer)');

    expect(json('graph', 'init', '--data', data, '--out', 'mine.yaml').columns).toHaveLength(4);
    // A column that nothing calls a patient is a label, unless its role is named.
    // In a folder of its own: what lies beside a table may name its labels.
    mkdirSync(join(place, 'odd'));
    writeFileSync(join(place, 'odd', 'odd.csv'), 'image,Betreuter,Edema\n1.png,1,1\n2.png,0,0\n');
    const labelsOf = (...more: string[]) =>
      json('graph', 'init', '--data', 'odd/odd.csv', '--out', `odd-${more.length}.yaml`, ...more).columns.map(
        (one: { column: string }) => one.column,
      );
    expect(labelsOf()).toEqual(['Betreuter', 'Edema']);
    expect(labelsOf('--column', 'patient=Betreuter')).toEqual(['Edema']);
    const checked = ['graph', 'check', '--graph', 'odd-2.yaml', '--data', 'odd/odd.csv'];
    expect(json(...checked, '--column', 'patient=Betreuter').faults).toEqual([]);
    writeFileSync(join(place, 'odd', 'paths.csv'), 'image,finding\n1.png,Lung/Edema\n2.png,Lung\n');
    const paths = json('graph', 'init', '--data', 'odd/paths.csv', '--path-column', 'finding', '--out', 'paths.yaml');
    expect(paths.columns.map((one: { column: string }) => one.column)).toEqual(['Lung', 'Lung/Edema']);
    expect(json('graph', 'check', '--graph', 'mine.yaml', '--data', data)).toMatchObject({
      labels: 4,
      edges: 2,
      faults: [],
    });
    for (const format of ['gexf', 'graphml', 'json']) {
      expect(inOneProcess('graph', 'convert', '--graph', 'mine.yaml', '--out', `mine.${format}`).code).toBe(0);
      expect(json('graph', 'show', '--graph', `mine.${format}`)).toEqual(json('graph', 'show', '--graph', 'mine.yaml'));
    }
    const { labels, matrix } = json(
      'graph',
      'matrix',
      '--graph',
      'mine.gexf',
      '--kind',
      'conditional',
      '--table',
      data,
    );
    expect(labels).toEqual(['A', 'A/B', 'A/C', 'D']);
    expect(matrix[1][0]).toBe(1); // where A/B is, A is
    expect(matrix[1][2]).toBe(0); // and A/C is not
  });
  it('graph check names every fault between a graph and a table, each with its mend', () => {
    writeFileSync(join(place, 'faulty.yaml'), 'labels: [A, A/B, D, Zebra]');
    const { code, out, err } = inOneProcess('graph', 'check', '--graph', 'faulty.yaml', '--data', data, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ missing: ['A/C'], unused: ['Zebra'] });
    expect(JSON.parse(out).faults.map(({ kind }: { kind: string }) => kind)).toEqual(['unknown-column', 'no-column']);
    expect(err).toContain('got none for "A/C"; add it to the labels, or as a synonym of one');
    expect(err).toContain(
      'no-column: label-graph/faulty.yaml: expected a column for every label, got none for "Zebra"',
    );
    for (const [text, kind] of [
      ['labels: [{ name: a, parents: [b] }]', 'unknown-parent'],
      ['labels: [{ name: a, parents: [b] }, { name: b, parents: [a] }]', 'cycle'],
      ['labels: [a, A]', 'duplicate'],
      ['labels: [a, { name: Bone, group: true }]', 'orphan'],
      ['labels: [{ name: a, parent: b }]', 'format'],
    ]) {
      writeFileSync(join(place, 'broken.yaml'), text);
      expectRefusal(['graph', 'check', '--graph', 'broken.yaml'], `cxr-align: ${kind}: `);
    }
  });
  itWithShared('data/labels/expected.json', 'counts co-occurrence as the reference does', (file) => {
    const reference = JSON.parse(readFileSync(file, 'utf8'));
    for (const [name, graph, table] of [
      ['chexpert', 'chexpert-14', 'chexpert-train-labels.csv.gz'],
      ['nih', 'nih-14', 'nih-data-entry.csv.gz'],
    ]) {
      const path = join(file, '..', table);
      const { out } = inOneProcess(
        'graph',
        'matrix',
        '--graph',
        graph,
        '--kind',
        'co-occurrence',
        '--table',
        path,
        '--json',
      );
      const { labels, matrix } = JSON.parse(out);
      expect(labels).toEqual(reference[name].labels);
      expect(matrix).toEqual(reference[name].cooccurrencePositive);
    }
  });
  it('refuses wrong usage with exit code 2 and a text that helps', () => {
    const wrong: [string[], string][] = [
      [[], 'expected a command'],
      [['trian'], 'did you mean train?'],
      [['data', 'splt'], 'did you mean split?'],
      [['train'], 'expected --data DIR and --out RUN'],
      [['train', '--data', data, '--out', 'x', '--lr', '1'], 'got --lr; did you mean --learning-rate?'],
      [['train', '--data', data, '--out', 'x', '--dropout', '0.2'], 'got --dropout; use --set dropout=VALUE'],
      [['train', '--data', data, '--out', 'x', '--epochs', '0'], 'expected --epochs to be at least 1, got 0'],
      [['train', '--data', data, '--out', 'x', '--max-bad', 'some'], 'expected --max-bad to be a number, got some'],
      ...['0', '1.5', '-1', '10000'].map((threads): [string[], string] => [
        ['train', '--data', data, '--out', 'x', '--threads', threads],
        `expected --threads to be a whole number from 1 to 64, got ${threads}`,
      ]),
      [['train', '--data', data, '--out', join(data, 'labels.csv')], 'expected --out to be a folder, got the file'],
      [['train', '--data', data, '--out', '/proc/x'], 'expected --out to be where files can be written, got /proc/x'],
      [['train', '--data', data, '--out', 'new', '--resume'], 'expected a run to resume'],
      [['train', '--data', data, '--out', 'run-aligned'], 'add --resume or --overwrite'],
      [['train', '--data', data, '--out', 'x', '--column', 'patiant=p'], 'got patiant; did you mean patient?'],
      [['train', '--data', data, '--out', 'x', '--column', 'patient=nobody'], 'nobody'],
      [['train', '--data', data, '--out', 'x', '--model', 'alined'], 'did you mean aligned?'],
      [
        ['train', '--data', data, '--out', 'x', '--engine', 'cpu', '--engine', 'wasm'],
        'expected --engine once, got it twice: cpu, wasm',
      ],
      [
        ['train', '--data', data, '--out', 'x', '--holdOutLabel', 'X', '--holdOutLabel', 'Y'],
        'expected labels of the data to hold out',
      ],
      [['train', '--data', data, '--out', 'x', '--set', 'lr=1'], 'got lr; did you mean learningRate?'],
      [['train', '--data', '/nowhere', '--out', 'x'], 'expected a folder or a table, got /nowhere'],
      [
        ['train', '--data', data, '--out', 'x', '--train-fraction', '2'],
        'expected --train-fraction to be a number in (0, 1]',
      ],
      [['train', '--data', data, '--out', 'x', '--train-count', '5', '--train-fraction', '0.5'], 'got both'],
      [
        ['train', '--data', data, '--out', 'x', '--set', 'graph=chexpert-14'],
        'unknown-column: label-graph/chexpert-14: expected a label for every column, got none for "A"',
      ],
      [['train', '--data', data, '--out', 'x', '--engine', 'native'], 'does not start'],
      [['evaluate', '--run', 'run-aligned'], 'expected --run RUN --data DIR'],
      [['evaluate', '--run', 'nowhere', '--data', data], 'expected a trained run'],
      [['evaluate', '--run', 'run-aligned', '--data', data, '--split', 'tset'], 'got tset'],
      [
        ['evaluate', '--run', 'run-aligned', '--data', 'phantom'],
        'expected labels that the model predicts (A, A/B, A/C, D)',
      ],
      [
        [
          'evaluate',
          '--scores',
          's.npy',
          '--targets',
          't.npy',
          '--labels',
          'l.json',
          '--label-shift',
          '--views',
          'max',
        ],
        'expected --scores alone or --run with its data, got --scores and --views, --label-shift',
      ],
      [
        ['evaluate', '--run', 'run-aligned', '--data', data, '--thresholds', 't.json'],
        'expected --thresholds with --scores, got it without; the thresholds of a run are changed by: cxr-align thresholds',
      ],
      [
        ['evaluate', '--run', 'run-aligned', '--data', data, '--error-thumbnails', '-1'],
        'expected --error-thumbnails to be a whole number of 0 or more, got -1',
      ],
      [
        ['evaluate', '--run', 'run-aligned', '--data', data, '--error-thumbnails', '1', '--views', 'max'],
        'expected --views image with --error-thumbnails, got max',
      ],
      [['compare', 'run-aligned'], 'expected two or more runs'],
      [['compare', 'run-aligned', 'on-val'], 'expected run-aligned and on-val to be evaluated on the same samples'],
      [
        ['evaluate', '--zero-shot', '--data', data, '--encoder', 'e', '--text-encoder', 't', '--localise'],
        'expected --zero-shot alone or --run with its data, got --zero-shot and --localise',
      ],
      [['evaluate', '--zero-shot', '--data', data], 'expected --run RUN, or --encoder DIR and --text-encoder DIR'],
      [
        ['evaluate', '--run', 'run-aligned', '--data', data, '--text-encoder', 'built-in'],
        'expected --text-encoder with',
      ],
      [['evaluate', '--run', 'run-aligned', '--data', data, '--boxes', 'b.csv'], 'expected --boxes with --localise'],
      [
        ['evaluate', '--run', 'run-aligned', '--data', data, '--localise'],
        'got no such file; give the table (--boxes)',
      ],
      [
        ['evaluate', '--run', 'run-vision-only', '--data', data, '--localise', '--zero-shot'],
        'expected a run whose decoder is queried by prompts',
      ],
      [['train', '--data', data, '--out', 'x', '--hold-out-label', 'X'], 'expected labels of the data to hold out'],
      [['train', '--data', data, '--out', 'x', '--text-encoder', 'nowhere'], 'got nowhere (no such folder)'],
      [
        ['train', '--data', data, '--out', 'x', '--model', 'vision-only', '--hold-out-label', 'A'],
        'expected none unless model is aligned',
      ],
      [['graph', 'show', '--graph', 'nowhere'], 'got nowhere (no such file)'],
      [['graph'], 'expected graph list, show, check'],
      [
        ['graph', 'matrix', '--graph', 'nih-14', '--kind', 'phi'],
        'expected a table to count phi in, got none; add --table',
      ],
      [
        ['graph', 'matrix', '--graph', 'nih-14', '--kind', 'lin', '--table', data],
        'no-column: label-graph/nih-14: expected a column for every label, got none for "Atelectasis"',
      ],
      [
        ['graph', 'matrix', '--graph', 'nih-14', '--kind', 'closure', '--normalize', 'l1'],
        'expected --normalize of row-l2, min-max, softmax, exp, inverse, got l1',
      ],
      [['graph', 'matrix', '--graph', 'nih-14', '--kind', 'closure', '--tau', '0'], 'expected --tau above 0, got 0'],
      [['graph', 'init', '--data', data, '--out', 'run-aligned/config.json'], 'which exists; name another'],
      [
        ['graph', 'init', '--data', join(data, 'labels.csv'), '--path-column', 'path'],
        'expected a column "path", got image, patientId',
      ],
      [
        ['graph', 'init', '--data', join(data, 'labels.csv'), '--column', 'path'],
        'expected --column role=name, such as patient=pid, got path',
      ],
      [
        ['graph', 'init', '--data', data, '--column', 'patient=patientId', '--path-column', 'A/B'],
        'expected --column or --path-column, got both',
      ],
      [['graph', 'map', '--from', 'nih-14', '--to', 'nih-15'], 'got nih-15 (no such file)'],
      [
        ['train', '--data', data, '--out', 'x', '--set', 'labelPolicyByLabel.Z=u-ones'],
        'expected labels of the data in labelPolicyByLabel (A, A/B, A/C, D), got Z',
      ],
      [['phantom', '--out', 'x', '--images', '0'], 'expected --images to be'],
      [['setup', 'cuda'], 'expected kind to be one of native, gpu, webgpu, got cuda'],
      [['setup', 'native', '--from', 'nowhere.whl'], 'expected --from to be a file or a folder, got nowhere.whl'],
    ];
    for (const [args, message] of wrong) expectRefusal(args, message);
    expect(existsSync(join(place, 'x', 'model'))).toBe(false);
  });
  for (const [name, dim] of [
    ['wrong-dim', '512'],
    ['nan-embedding', '512'],
  ]) {
    itWithShared(`data/bad/${name}.npy`, `refuses ${name}.npy`, (path) => {
      expectRefusal(['prompts', 'similarity', '--embeddings', path, '--dim', dim], `${name}.npy`);
    });
  }
  itWithShared('data/bad/missing-image.csv', 'refuses to train on a table that names a missing image', (path) => {
    const train = ['train', '--data', path, '--out', 'missing'];
    expectRefusal(
      [...train, '--images', join(path, '../../nih-1000/images')],
      '1 of the 6 images does not exist where the table points: the first, 99999999_000.png, was looked for at ',
    );
    expectRefusal(
      train,
      'none of the 6 images exists where the table points: the first, 00000001_000.png, was looked for at ',
    );
  });
});

describeWithOnnx('cxr-align extract', () => {
  let data: string;
  const encoder = join(place, 'encoder');
  beforeAll(async () => {
    data = await madeUpData(60);
    mkdirSync(encoder);
    writeFileSync(join(encoder, 'model.onnx'), averagePoolModel({ channels: 3, window: 4, output: 'both' }));
    writeFileSync(join(encoder, 'preprocess.json'), '{ "size": 16 }');
  });

  it('encodes on threads, goes on, and training, ablating, evaluating and predicting take the store', () => {
    const flags = ['extract', '--data', data, '--encoder', encoder, '--out', 'store', '--map'];
    const { code, out, err } = cxrAlign(...flags, '--batch-size', '7');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining('60 images as 4 × 4 × 3 features of encoder in store'),
    });
    expect(err).toContain('read as labels-csv');
    const store = new FeatureStore(join(place, 'store'));
    expect(store.index.ids).toEqual(Array.from({ length: 60 }, (_, i) => `${i}.png`));
    const again = JSON.parse(cxrAlign(...flags, '--json').out);
    expect(again).toMatchObject({ images: 60, alreadyThere: 60, unreadable: [], imagesPerSecond: null });

    const run = cxrAlign(
      'train',
      '--data',
      data,
      '--features',
      'store',
      '--out',
      'run-features',
      ...quickFlags,
      '--json',
    );
    expect({ code: run.code, err: run.code === 0 ? '' : run.err }).toEqual({ code: 0, err: '' });
    const { evaluation, dataWaitShare } = JSON.parse(run.out);
    expect(dataWaitShare).toBeGreaterThan(0);
    const evaluate = ['evaluate', '--run', 'run-features', '--data', data, '--features', 'store', '--out', 'evaluated'];
    expect(JSON.parse(cxrAlign(...evaluate, '--json').out)).toEqual(evaluation);
    const image = join(data, 'images', '5.png');
    expectRefusal(['predict', '--run', 'run-features', image], 'try --encoder with the folder');
    const { labels } = JSON.parse(cxrAlign('predict', '--run', 'run-features', '--encoder', encoder, image).out);
    expect(Object.keys(labels)).toEqual(['A', 'A/B', 'A/C', 'D']);

    writeFileSync(
      join(place, 'grid.json'),
      '{ "baseline": "linear", "configurations": { "linear": { "model": "linear" }, "vision-only": { "model": "vision-only" } } }',
    );
    const grid = ['--grid', 'grid.json', '--seeds', '1', '--jobs', '1', '--resamples', '20', '--features', 'store'];
    const ablated = cxrAlign('ablate', '--data', data, '--out', 'ablated', ...grid, ...quickFlags);
    expect({ code: ablated.code, err: ablated.code === 0 ? '' : ablated.err }).toEqual({ code: 0, err: '' });
  });
  it('predicts labels by a dual encoder, explained and with a map', () => {
    mkdirSync(join(place, 'pair-texts'));
    const words = ['no', 'x', 'y', 'z', 'u', 'v', 'w', 'q', 'r', 'b', 'c', 'd', 'bright', 'a'];
    const texts = { 'model.onnx': tokenNumberModel({ output: 'tokens' }), ...wordTokenizer(words, { maxTokens: 64 }) };
    for (const [name, content] of Object.entries(texts)) writeFileSync(join(place, 'pair-texts', name), content);
    mkdirSync(join(place, 'pair-images'));
    const model = averagePoolModel({ channels: 2, window: 4, output: 'both' });
    writeFileSync(join(place, 'pair-images', 'model.onnx'), model);
    const scale = { rescale_factor: 1, image_mean: [110, -1e4], image_std: [30, 1e4] };
    writeFileSync(join(place, 'pair-images', 'preprocess.json'), JSON.stringify({ size: 16, ...scale }));
    const labels = ['A', 'B'].map((name) => ({ name, descriptors: ['a bright a'] }));
    writeFileSync(join(place, 'pair.json'), JSON.stringify({ name: 'pair', labels }));
    const image = join(data, 'images', '3.png');
    const pair = ['--zero-shot', '--encoder', 'pair-images', '--graph', 'pair.json'];
    const flags = [
      'predict',
      ...pair,
      '--text-encoder',
      'pair-texts',
      '--explain',
      '--map',
      'pair.png',
      '--map-label',
      'a',
      image,
    ];
    const { code, out, err } = cxrAlign(...flags);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const told = JSON.parse(out);
    expect(told.labels.A.probability).toBeCloseTo(told.labels.A.explanation.probability, 5);
    expect(told.map).toMatchObject({ file: 'pair.png', label: 'A', kind: 'similarity' });
    expect(existsSync(join(place, 'pair.png'))).toBe(true);
    const attack = [
      'prompts',
      'attack',
      '--text-encoder',
      'pair-texts',
      '--graph',
      'pair.json',
      '--budget',
      '4',
      '--json',
    ];
    const attacked = cxrAlign(...attack);
    expect({ code: attacked.code, err: attacked.err }).toEqual({
      code: 0,
      err: expect.stringContaining('gradient is excluded: '),
    });
    expect(Object.keys(JSON.parse(attacked.out).labels[0].suffixes)).toEqual(['random', 'greedy', 'genetic']);
    expectRefusal([...attack, '--method', 'gradient'], 'expected an encoder with a table of token embeddings');
    expectRefusal(['predict', ...pair, '--text-encoder', 'built-in', image], 'expected encoders that share a space');
    expectRefusal(
      ['predict', ...pair, '--text-encoder', 'pair-texts', image, '--map', 'm.png', '--map-kind', 'occlusion'],
      'expected --map-kind of similarity, which this model has, got occlusion',
    );
    expectRefusal(
      ['predict', ...pair.slice(1), '--text-encoder', 'built-in', image],
      'expected --run RUN, or --zero-shot',
    );
  });
  it('refuses what cannot be meant', () => {
    const flags = ['extract', '--data', data, '--encoder', encoder, '--out', 'refused'];
    expectRefusal([...flags, '--views', '0'], 'expected --views to be a whole number of 1 or more, got 0');
    expectRefusal([...flags, '--set', 'epochs=3'], 'expected --set augmentation.key=value, got epochs=3');
    expectRefusal([...flags, '--set', 'augmentation.flip=1'], 'expected --views of 2 or more with --set');
    expectRefusal([...flags, '--provider', 'abacus'], 'expected an ONNX model that runs on abacus');
    expectRefusal(
      ['extract', '--data', data, '--encoder', data, '--out', 'refused'],
      'expected an encoder: one of model.json, model.onnx',
    );
    const train = ['train', '--data', data, '--out', 'refused', ...quickFlags];
    expectRefusal([...train, '--set', 'encoder.kind=frozen'], 'expected --encoder DIR or --features STORE');
    expectRefusal([...train, '--features', data], 'make one with cxr-align extract');
    const scores = ['evaluate', '--scores', 'a.npy', '--targets', 'b.npy', '--labels', 'c.json', '--features', 'store'];
    expectRefusal(scores, 'got --scores and --features');
    expectRefusal([...scores.slice(0, -2), '--text-encoder', 'built-in'], 'got --scores and --text-encoder');
    expectRefusal([...scores.slice(0, -2), '--boxes', 'boxes.csv'], 'got --scores and --boxes');
  });
});
