import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge } from '../src/judge.js';
import { parserNamed } from '../src/parsers.js';

/** Inputs that were findings once, by parser: `corpus/PARSER/what-it-did`. */
const corpus = fileURLToPath(new URL('../corpus/', import.meta.url));
const kept = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(corpus, name)).map((file) => [name, file] as const));

describe('files that were findings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  it.each(kept)('are read or refused by name: %s %s', async (name, file) => {
    const parser = parserNamed(name);
    const place = mkdtempSync(join(folder, `${name}-`));
    await parser.prepare?.(place);
    const { kind, reason } = await judge(parser, place, new Uint8Array(readFileSync(join(corpus, name, file))));
    expect({ kind, reason }).toEqual({ kind: expect.stringMatching(/accepted|refused/), reason: undefined });
  });
});
