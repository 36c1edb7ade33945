import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kernel, Word } from '../assembly/call.js';
import * as enums from '../assembly/signatures.js';
import { nativeOps, type OpSignature } from '../src/kernels/tensorflow/native-ops.js';
import { argumentLists, floatArguments, signatures } from '../src/kernels/wasm/kernel-arguments.js';

const folder = fileURLToPath(new URL('..', import.meta.url));
const sourcesOf = (name: string, ending: string): string =>
  readdirSync(join(folder, name))
    .filter((file) => file.endsWith(ending))
    .map((file) => readFileSync(join(folder, name, file), 'utf8'))
    .join('\n');
/** The text of a function, from its name to the next line that is only a closing brace. */
const functionText = (sources: string, pattern: RegExp): string => {
  const start = sources.search(pattern);
  expect([pattern.source, start >= 0]).toEqual([pattern.source, true]);
  return sources.slice(start, sources.indexOf('\n}\n', start));
};

describe('the arguments of the wasm kernels', () => {
  const sources = sourcesOf('assembly', '.ts');
  const kernels = Object.keys(Kernel).filter((name) => Number.isNaN(Number(name)));

  it.each(kernels)('%s reads those of its signature, and no other', (kernel) => {
    const text = functionText(sources, new RegExp(`export function ${kernel}\\(`));
    const used = new Set([...text.matchAll(/\b(\w+Args)\.\w+/g)].map(([, name]) => name));
    const signature = signatures[Kernel[kernel as keyof typeof Kernel]];
    const name = Object.entries(enums).find(([, one]) => one === signature)![0];
    expect([...used]).toEqual([name]);
  });
  it('are read with the types that they are written with', () => {
    const reads = [...sources.matchAll(/\b(whole|number)\(\w+Args\.(\w+)\)/g)];
    expect(reads.length).toBeGreaterThan(60);
    for (const [text, read, name] of reads)
      expect([text, read]).toEqual([text, floatArguments.has(name) ? 'number' : 'whole']);
  });
  it('keep the six words of a dropout mask in the order in which masks.ts reads them', () => {
    const read = functionText(sources, /export function useMask\(/);
    expect([...read.matchAll(/(whole|number)\(first( \+ \d)?\)/g)].map(([, type, at = ' + 0']) => type + at)).toEqual([
      'whole + 0',
      'whole + 1',
      'whole + 2',
      'whole + 3',
      'whole + 4',
      'number + 5',
    ]);
    const order = ['maskSeed', 'maskPurpose', 'maskStep', 'maskEpoch', 'maskLimit', 'maskScale'];
    for (const kernel of [Kernel.dropout, Kernel.biasReluDropout, Kernel.attention, Kernel.attentionGradient]) {
      const names = argumentLists.get(kernel)!.map(({ name }) => name);
      expect(names.slice(names.indexOf('maskSeed'))).toEqual(order);
    }
  });
  it('fit the block that a call is written into', () => {
    for (const list of argumentLists.values()) expect(Word.arguments + list.length).toBeLessThanOrEqual(64);
    expect([...argumentLists.keys()].sort((a, b) => a - b)).toEqual(kernels.map((_, i) => i));
  });
});

describe('the arguments of the native operations', () => {
  const sources = sourcesOf('native', '.cc');
  const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const listed = (text: string): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/"(\w+): ([^"]+)"/g)].map(([, name, type]) => [camel(name), type]));
  const registrations = [
    ...sources.matchAll(/registerOp\(\s*"(\w+)",\s*\{([^}]*)\},\s*\{([^}]*)\},\s*\{([^}]*)\},\s*runKernel<(\w+)>\)/g),
  ].map(([, name, attributes, inputs, outputs, compute]) => ({
    name,
    signature: { attributes: listed(attributes), inputs: listed(inputs), outputs: listed(outputs) },
    compute,
  }));

  it('are those of the table: the same operations, names, types and order', () => {
    expect(registrations.map(({ name }) => name).sort()).toEqual(Object.keys(nativeOps).sort());
    for (const { name, signature } of registrations) {
      const table: OpSignature = nativeOps[name as keyof typeof nativeOps];
      for (const part of ['attributes', 'inputs', 'outputs'] as const)
        expect([name, part, Object.entries(signature[part])]).toEqual([name, part, Object.entries(table[part])]);
    }
  });
  it.each(registrations)(
    '$name reads its inputs and writes its outputs by the names of the table',
    ({ name, compute }) => {
      const text = functionText(sources, new RegExp(`\\nvoid ${compute}\\(const Attributes&`));
      const table: OpSignature = nativeOps[name as keyof typeof nativeOps];
      for (const [part, call] of [
        ['inputs', 'input'],
        ['outputs', 'output'],
      ] as const) {
        const names = Object.keys(table[part]);
        const used = [...text.matchAll(new RegExp(`(\\w+) = call\\.${call}\\((\\d+)`, 'g'))];
        expect(used.length).toBeGreaterThan(0);
        for (const [, local, place] of used) expect([place, local]).toEqual([place, names[Number(place)]]);
      }
      const attributes = new Set([...text.matchAll(/attributes\.(\w+)/g)].map(([, attribute]) => attribute));
      const ofCount = new Set(['residuals', 'count']);
      expect([...attributes].sort()).toEqual(
        Object.keys(table.attributes)
          .filter((one) => !ofCount.has(one))
          .sort(),
      );
    },
  );
});
