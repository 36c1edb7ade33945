import { existsSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchFolder } from '../src/index.js';
import { FakeAnswerer, film } from './fakes.js';

const place = mkdtempSync(join(tmpdir(), 'watch-'));

/** A folder with a film, a text and a file that is being written. */
function inbox(name: string): { input: string; output: string } {
  const [input, output] = [join(place, name, 'in'), join(place, name, 'out')];
  mkdirSync(join(input, 'study'), { recursive: true });
  writeFileSync(join(input, 'study', 'film.dcm'), film('1.2.3.4'));
  writeFileSync(join(input, 'text.png'), 'bad');
  writeFileSync(join(input, 'film.dcm.part'), 'half');
  const past = new Date(Date.now() - 10_000);
  for (const file of ['study/film.dcm', 'text.png', 'film.dcm.part']) utimesSync(join(input, file), past, past);
  return { input, output };
}

describe('watchFolder', () => {
  it('predicts each image once, also where the model fails in between or it is started again', async () => {
    const { input, output } = inbox('once');
    const answerer = new FakeAnswerer();
    answerer.fails = 1;
    const faults: string[] = [];
    const options = { input, output, once: true, everyMs: 5, onFault: (text: string) => faults.push(text) };
    expect(await watchFolder(answerer, options)).toEqual({ answered: 1, refused: 1 });
    expect(faults).toEqual(['the process of the model ended (SIGSEGV)']);
    const record = JSON.parse(readFileSync(join(output, 'study', 'film.dcm.json'), 'utf8'));
    expect(record).toMatchObject({
      file: join('study', 'film.dcm'),
      labels: { A: { probability: 0.75, positive: true } },
      dicom: [join('study', 'film.dcm.sr.dcm'), join('study', 'film.dcm.sc.dcm')],
    });
    expect(readFileSync(join(output, 'study', 'film.dcm.sr.dcm'), 'utf8')).toContain('report of');
    expect(JSON.parse(readFileSync(join(output, 'text.png.json'), 'utf8')).error).toContain('expected an image');
    expect(existsSync(join(output, 'film.dcm.part.json'))).toBe(false);
    const asked = answerer.asked.length;
    expect(await watchFolder(answerer, options)).toEqual({ answered: 0, refused: 0 });
    expect(answerer.asked).toHaveLength(asked);
  });

  it('waits until a file is settled, and ends when it is stopped', async () => {
    const { input, output } = inbox('settled');
    writeFileSync(join(input, 'new.dcm'), film('1.2.3.5'));
    const end = new AbortController();
    const answerer = new FakeAnswerer();
    const watched = watchFolder(answerer, {
      input,
      output,
      everyMs: 5,
      settledMs: 5000,
      signal: end.signal,
      onImage: ({ file }) => void (file === 'text.png' && end.abort()),
    });
    expect(await watched).toEqual({ answered: 1, refused: 1 });
    expect(existsSync(join(output, 'new.dcm.json'))).toBe(false);
  });

  it('refuses folders that are not there, or in each other', async () => {
    const answerer = new FakeAnswerer();
    await expect(watchFolder(answerer, { input: join(place, 'none'), output: place })).rejects.toThrow(
      'expected a folder to watch, got none',
    );
    const { input } = inbox('inner');
    await expect(watchFolder(answerer, { input, output: join(input, 'out') })).rejects.toThrow(
      'expected results in a folder outside of the watched one',
    );
  });
});
