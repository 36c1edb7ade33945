import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { XMLValidator } from 'fast-xml-parser';
import sharp from 'sharp';

const bin = fileURLToPath(new URL('../bin/cxr-align.js', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs the built command. */
function cxrAlign(...args: string[]): { code: number | null; out: string; err: string } {
  const env = { ...process.env, CXR_ALIGN_CACHE: join(place, 'cache') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: place, env });
  return { code: status, out: stdout, err: stderr };
}

/** Names of labels that a terminal, a page or a spreadsheet would obey. */
const escape = '\u001b[31mRED\u001b]0;owned\u0007';
const labels = [escape, '=HYPERLINK("http://evil")', '<script>alert(1)</script>', 'constructor', 'bidi\u202eesrever'];
/** Signs that no text that is printed or drawn may hold. */
const obeyed = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u;
const patient = (i: number): string => `SECRETPATIENT${i % 20}`;
const quick = ['epochs=1', 'batchSize=16', 'bootstrap=20', 'image.size=16'].flatMap((one) => ['--set', one]);

/** The hash of a script as a policy of a page names it. */
const hashOf = (script: string): string =>
  createHash('sha256')
    .update(script.replace(/^<script>|<\/script>$/g, ''))
    .digest('base64');

describe('hostile names and identifiers of patients', () => {
  const data = join(place, 'data');
  const printed: string[] = [];
  const run = (wanted: number, ...args: string[]): void => {
    const { code, out, err } = cxrAlign(...args);
    expect({ args, code, err: code === wanted ? '' : err }).toEqual({ args, code: wanted, err: '' });
    printed.push(out, err);
  };
  beforeAll(async () => {
    mkdirSync(data);
    const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    const rows = Array.from({ length: 60 }, (_, i) => {
      const split = ['train', 'train', 'val', 'test'][i % 4];
      return [
        `i${i}.png`,
        patient(4 * Math.floor(i / 4) + (i % 4)),
        split,
        ...labels.map((_, j) => (i >> j) & 1),
      ].join();
    });
    writeFileSync(join(data, 'labels.csv'), `image,patientId,split,${labels.map(cell).join()}\n${rows.join('\n')}\n`);
    for (let i = 0; i < 60; i++) {
      const pixels = Uint8Array.from({ length: 256 }, (_, at) => (at * (i + 3)) % 256);
      await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
        .png()
        .toFile(join(data, `i${i}.png`));
    }
    const flags = ['--data', data, '--allow-patient-overlap'];
    run(0, 'train', ...flags, '--out', 'run', '--model', 'linear', ...quick);
    run(0, 'evaluate', '--run', 'run', ...flags, '--out', 'again');
    run(0, 'data', 'describe', '--data', data, '--html', 'described.html');
    // One image is missing: that is said, and is the exit code.
    run(2, 'predict', '--run', 'run', join(data, 'i0.png'), join(data, 'none.png'), '--out', 'out.csv');
    run(0, 'predict', '--run', 'run', join(data, 'i1.png'));
    run(0, 'compare', 'run', 'again', '--resamples', '20', '--png');
  });
  const pages = (): string[] =>
    ['.', 'run', 'again'].flatMap((folder) =>
      readdirSync(join(place, folder))
        .filter((name) => /\.(html|svg)$/.test(name))
        .map((name) => readFileSync(join(place, folder, name), 'utf8')),
    );

  it('are escaped in all that is printed, JSON included', () => {
    expect(printed.filter((text) => obeyed.test(text))).toEqual([]);
    expect(printed.join('')).toContain('\\u001b[31mRED');
    const { out } = cxrAlign('data', 'describe', '--data', data, '--json');
    expect(obeyed.test(out)).toBe(false);
    expect(JSON.stringify(JSON.parse(out))).toContain('bidi\u202eesrever');
  });
  it('are escaped in pages and figures, which are well-formed', () => {
    expect(pages().length).toBeGreaterThan(1);
    for (const page of pages()) {
      expect(obeyed.test(page)).toBe(false);
      // One script, of the page itself, which its policy allows by its hash.
      const scripts = [...page.matchAll(/<script[\s\S]*?<\/script>/g)].map(([script]) => script);
      expect(scripts.length).toBeLessThanOrEqual(1);
      for (const script of scripts) expect(page).toContain(`script-src 'sha256-${hashOf(script)}'`);
      for (const [svg] of page.matchAll(/<svg[\s\S]*?<\/svg>/g)) expect(XMLValidator.validate(svg)).toBe(true);
    }
  });
  it('are no formula in a table of predictions', () => {
    const [header] = readFileSync(join(place, 'out.csv'), 'utf8').split('\n');
    expect(header).not.toMatch(/(^|,)"?[=+@]/);
  });
  it('no identifier of a patient is printed, or in a page; predictions.parquet has them', () => {
    expect(printed.filter((text) => text.includes('SECRETPATIENT'))).toEqual([]);
    expect(pages().filter((page) => page.includes('SECRETPATIENT'))).toEqual([]);
    for (const file of ['config.json', 'history.jsonl', 'evaluation.json'])
      expect(readFileSync(join(place, 'run', file), 'utf8')).not.toContain('SECRETPATIENT');
    expect(readFileSync(join(place, 'run', 'predictions.parquet')).includes('SECRETPATIENT')).toBe(true);
  });
});
