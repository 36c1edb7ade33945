import { load } from './load.js';

const { readHelp } = await load('apps/docs/src/commands.mjs');

const help = `cxr-align setup <kind>

Set up the engine native, outside node_modules

Positionals:
  kind  native: TensorFlow on the CPU; gpu: TensorFlow on CUDA
                                                               [required] [choices: "native", "gpu"]

Options:
  --help        Show help                                                                  [boolean]
  --projection  Use only images of this projection; all unless given[choices: "frontal", "lateral"]
  --max-bad     Maximum share of rows that may
                be unreadable                                               [number] [default: 0.01]
  --data        Folder [of images]                                               [string] [required]

Examples:
  cxr-align setup native                     TensorFlow on the CPU
  cxr-align setup gpu --from a.whl           TensorFlow on CUDA, without
  --headers include                          a network
`;

describe('readHelp()', () => {
  it('reads flags with their texts, kinds, choices and defaults from wrapped columns', () => {
    const { call, description, options, positionals } = readHelp(help);
    expect(call).toBe('cxr-align setup <kind>');
    expect(description).toBe('Set up the engine native, outside node_modules');
    expect(positionals).toMatchObject([{ name: 'kind', isRequired: true, choices: ['native', 'gpu'] }]);
    expect(options.slice(1)).toMatchObject([
      { name: '--projection', description: 'Use only images of this projection; all unless given' },
      {
        name: '--max-bad',
        description: 'Maximum share of rows that may be unreadable',
        kind: 'number',
        default: '0.01',
      },
      { name: '--data', description: 'Folder [of images]', kind: 'string', isRequired: true },
    ]);
    expect(options[1].choices).toEqual(['frontal', 'lateral']);
  });

  it('reads examples that are wrapped in both columns', () => {
    expect(readHelp(help).examples).toEqual([
      ['cxr-align setup native', 'TensorFlow on the CPU'],
      ['cxr-align setup gpu --from a.whl --headers include', 'TensorFlow on CUDA, without a network'],
    ]);
  });

  it('refuses a line that is in no column', () => {
    expect(() => readHelp('cxr-align x\n\nText\n\nOptions:\nstray')).toThrow(
      /expected a line of --help in columns, got "stray"/,
    );
  });
});
