import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Bundles the package for a page, in a process of its own: esbuild does not start inside jest's sandbox. */
function bundle(): { code: string; imports: string[] } {
  const script = `
    import { build } from 'esbuild';
    const { outputFiles, metafile } = await build({
      entryPoints: ['packages/evaluation/src/index.ts'], bundle: true, write: false, metafile: true,
      platform: 'browser', format: 'iife', globalName: 'evaluation', tsconfig: 'tsconfig.base.json', external: ['node:*'],
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
    console.log(JSON.stringify({ code: outputFiles[0].text, imports }));`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    maxBuffer: 2 ** 26,
    encoding: 'utf8',
  });
  return JSON.parse(text) as { code: string; imports: string[] };
}

describe('the package in a browser', () => {
  it('imports nothing of Node, and evaluates in a context that has only JavaScript', () => {
    const { code, imports } = bundle();
    expect(imports).toEqual([]);
    const { auroc } = runInNewContext(
      `${code};
       const { evaluation: result } = evaluation.evaluateScores({
         labels: ['Edema'], scores: [0.1, 0.4, 0.35, 0.8], targets: [0, 0, 1, 1], resamples: 0,
       });
       result.labels.Edema`,
      {},
    ) as { auroc: number };
    expect(auroc).toBe(0.75);
  });
});
