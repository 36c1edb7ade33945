import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { inputOf, recipes } from '../src/input.js';
import { judge } from '../src/judge.js';
import { parsers } from '../src/parsers.js';

/** Inputs for each parser here; `npm run fuzz` feeds 10,000. */
const runs = 300;

describe('changed valid files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  it.each(parsers.filter(({ isLong }) => !isLong).map((parser) => [parser.name, parser] as const))(
    'are read or refused by name: %s',
    async (name, parser) => {
      const place = mkdtempSync(join(folder, `${name}-`));
      const seeds = await parser.seeds();
      await parser.prepare?.(place);
      const kinds = new Set<string>();
      for (const bytes of seeds) kinds.add((await judge(parser, place, bytes)).kind);
      expect(kinds).toContain('accepted');
      await fc.assert(
        fc.asyncProperty(recipes(parser.grammar), async (recipe) => {
          const { reason } = await judge(parser, place, inputOf(recipe, { ...parser, seeds }));
          if (reason !== undefined) throw new Error(reason);
        }),
        { seed: 26, numRuns: runs },
      );
    },
  );
});
