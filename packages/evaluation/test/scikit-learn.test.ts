import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evaluateScores } from '../src/evaluate-scores.js';
import { readScoreModels } from '../src/score-files.js';

const python = process.env.PYTHON ?? 'python3';
const modules = ['numpy', 'pandas', 'sklearn'];
const missing = modules.filter((name) => spawnSync(python, ['-c', `import ${name}`]).status !== 0);
const page = fileURLToPath(new URL('../../../apps/docs/how-to/scores-from-elsewhere.md', import.meta.url));
const [, lines] = /```python\n([^]*?)```/.exec(readFileSync(page, 'utf8'))!;

describe('the six lines of scikit-learn in the documentation', () => {
  it('are six', () => {
    expect(lines.trim().split('\n')).toHaveLength(6);
  });
  const name = 'write a file that is evaluated, by sample and patient';
  (missing.length === 0 ? it : it.skip)(
    missing.length === 0 ? name : `${name} (skipped: ${python} has no ${missing.join(', ')})`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'scikit-learn-'));
      const rows = Array.from({ length: 120 }, (_, i) => {
        const edema = Number((i * 7919) % 11 < 4);
        return [
          `p${i >> 1}/${i}.png`,
          `p${i >> 1}`,
          i < 60 ? 'train' : 'test',
          edema,
          edema + Math.sin(i * 12.9898),
          Math.cos(i),
        ];
      });
      writeFileSync(
        join(folder, 'features.csv'),
        `${[['image', 'patient', 'split', 'Edema', 'f1', 'f2'], ...rows].map((row) => row.join(',')).join('\n')}\n`,
      );
      const { status, stderr } = spawnSync(python, ['-c', lines], { cwd: folder, encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
      const { models, remarks } = await readScoreModels({ scores: join(folder, 'scores.csv') });
      const { evaluation } = evaluateScores({ ...models[0].table, resamples: 0 });
      expect(remarks).toEqual([]);
      expect(evaluation).toMatchObject({ samples: 60, patients: 30 });
      expect(evaluation.labels.Edema.auroc).toBeGreaterThan(0.6);
    },
    60_000,
  );
});
