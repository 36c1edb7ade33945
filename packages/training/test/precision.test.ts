import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngine } from '@cxr-align/engine';
import { InputError } from '@cxr-align/files';
import { describeTensorflow, madeUpData, quick } from '@cxr-align/testkit';
import { resolveConfig, type PartialConfig } from '../src/config/config.js';
import { openDataset, type OpenedDataset } from '../src/inputs/prepare-data.js';
import { train } from '../src/train/train.js';
import type { TrainOptions } from '../src/train/train-options.js';
import { refusePrecision } from '../src/train/precision.js';

const place = mkdtempSync(join(tmpdir(), 'precision-'));
afterAll(() => rmSync(place, { recursive: true }));

describe('refusePrecision', () => {
  it('names the engine and what to do where it has no such products, and lets float32 pass', async () => {
    const engine = await startEngine('cpu');
    expect(() => refusePrecision({ precision: 'float32' }, engine)).not.toThrow();
    for (const precision of ['bf16', 'tf32'] as const) {
      const refused = (): void => refusePrecision({ precision }, engine);
      expect(refused).toThrow(InputError);
      expect(refused).toThrow(
        `expected an engine with products of ${precision} (precision), got cpu (plain JavaScript, for reference values): the TensorFlow.js backend cpu has products of float32 only; use the engine native or cuda, or float32`,
      );
    }
  });
});

describeTensorflow('a training in bfloat16', (name) => {
  let data: OpenedDataset;
  beforeAll(async () => {
    await startEngine(name);
    data = await openDataset(await madeUpData());
  });

  const run = (out: string, precision: string, more: Partial<TrainOptions> = {}) => {
    const config = resolveConfig({
      ...quick,
      epochs: 1,
      bootstrap: 0,
      stepCapture: 'replay',
      precision,
    } as PartialConfig);
    return train({ data, config, out: join(place, out), ...more });
  };
  const bytes = (out: string): string[] =>
    ['history.jsonl', 'model/model.safetensors'].map((file) => readFileSync(join(place, out, file), 'base64'));
  const losses = (out: string): number[] =>
    readFileSync(join(place, out, 'history.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { loss: number }).loss);

  it('has the same bits twice and after resuming, losses near those of float32, and says so', async () => {
    await run('once', 'bf16');
    await run('twice', 'bf16');
    expect(bytes('twice')).toEqual(bytes('once'));
    const stop = new AbortController();
    const on = { step: ({ step }: { step: number }) => step === 4 && stop.abort(new Error('stopped')) } as never;
    await expect(run('broken', 'bf16', { on, signal: stop.signal })).rejects.toThrow('stopped');
    await run('broken', 'bf16', { resume: true });
    expect(bytes('broken')).toEqual(bytes('once'));

    await run('wide', 'float32');
    expect(bytes('wide')).not.toEqual(bytes('once'));
    losses('once').forEach((loss, epoch) => expect(Math.abs(loss / losses('wide')[epoch] - 1)).toBeLessThan(1e-2));
    const { config, engine } = JSON.parse(readFileSync(join(place, 'once', 'config.json'), 'utf8')) as {
      config: { precision: string };
      engine: { precision: string; steps: { captured: number } };
    };
    expect([config.precision, engine.precision]).toEqual(['bf16', 'bf16']);
    expect(engine.steps.captured).toBeGreaterThan(0);
  });
});
