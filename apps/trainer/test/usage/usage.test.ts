import { InputError } from '@cxr-align/files';
import { configFlagOptions } from '../../src/usage/config-flags.js';
import { withFlagNames } from '../../src/usage/flag-names.js';
import { type CommandSyntax, refuseWrongValues, typedFlags } from '../../src/usage/syntax.js';
import { usageText } from '../../src/usage/usage.js';

const train: CommandSyntax = {
  name: 'train',
  flags: [
    'data',
    'out',
    'set',
    'max-bad',
    'train-count',
    'images',
    'resume',
    'png',
    ...Object.keys(configFlagOptions()),
  ],
  numbers: ['max-bad', 'train-count'],
  booleans: ['png', 'resume'],
  lists: ['set'],
  commands: [],
};
const group: CommandSyntax = { ...train, name: 'data', flags: ['help'], commands: ['split', 'merge <sets..>'] };

describe('usageText(message, syntax, line)', () => {
  it.each([
    ['--epochz 3', 'epochz', 'got --epochz; did you mean --epochs?'],
    ['--lr 1', 'lr', 'got --lr; did you mean --learning-rate?'],
    ['--learningrate 1', 'learningrate', 'got --learningrate; did you mean --learning-rate?'],
    ['--dropout 0.2', 'dropout', 'got --dropout; use --set dropout=VALUE'],
    ['--batch_size 4', 'batch_size', 'did you mean --batch-size?'],
    ['--losses.graph 0', 'losses.graph', 'use --set losses.graph=VALUE'],
    ['--max-gradient-norm 1', 'max-gradient-norm, maxGradientNorm', 'use --set maxGradientNorm=VALUE'],
    ['--droput 0.2', 'droput', 'did you mean --set dropout=VALUE?'],
    ['--xylophone', 'xylophone', 'got --xylophone; cxr-align train --help lists what it takes'],
    ['-epochs 3', 'e, p, o, c, h, s', 'expected flags with two dashes, got -epochs; use --epochs'],
    ['--otu x', 'otu', 'did you mean --out?'],
    ['more', 'more', 'expected no further argument, got more'],
  ])('of an unknown argument in %s names the nearest', (line, names, text) => {
    expect(usageText(`Unknown argument: ${names}`, train, line.split(' '))).toContain(text);
  });
  it('uses --set for keys only where the command takes it', () => {
    const syntax = { ...train, flags: ['data', 'out'] };
    expect(usageText('Unknown argument: dropout', syntax, ['--dropout', '1'])).not.toContain('--set');
  });
  it('names the commands below a command', () => {
    expect(usageText('Unknown argument: splt', group, ['data', 'splt'])).toBe(
      'expected a command of split, merge, got splt; did you mean split?',
    );
  });
  it('says of a wrong choice what is allowed, what was found, and the nearest', () => {
    const message = 'Invalid values:\n  Argument: model, Given: "alined", Choices: "aligned", "linear"';
    expect(usageText(message, train, ['--model', 'alined'])).toBe(
      'expected --model to be one of aligned, linear, got alined; did you mean aligned?',
    );
  });
  it('names missing flags and arguments', () => {
    expect(usageText('Missing required arguments: data, out', train, [])).toContain(
      'expected --data and --out, got none',
    );
    expect(usageText('Not enough non-option arguments: got 0, need at least 1', train, [])).toContain(
      'expected 1 or more arguments, got 0; cxr-align train --help',
    );
  });
});

describe('refuseWrongValues(argv, syntax, line)', () => {
  it.each([
    ['--max-bad many', 'expected --max-bad to be a number, got many'],
    ['--train-count', 'expected --train-count to be a number, got nothing'],
    ['--out', 'expected a value after --out, got none'],
    ['--out --png', 'expected a value after --out, got none'],
    ['--png=maybe', 'expected --png alone, or --png=false, got maybe'],
    ['--out a --out b', 'expected --out once, got it twice: a, b'],
    ['--maxBad 1 --max-bad 2', 'expected --max-bad once'],
  ])('refuses %s', (line, message) => {
    const refused = (): void => refuseWrongValues({ out: ['a', 'b'] }, train, line.split(' '));
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(message);
  });
  it.each(['--max-bad 0.1', '--max-bad=-1', '--max-bad -1', '--png --out x', '--png=false', '--set a=1 --set b=2'])(
    'takes %s',
    (line) => expect(() => refuseWrongValues({}, train, line.split(' '))).not.toThrow(),
  );
});

describe('typedFlags(line)', () => {
  it('has each flag by its name and its value', () => {
    expect(typedFlags(['x', '--maxBad=0.1', '--png', '--out', 'a', '-v'])).toEqual([
      { name: 'max-bad', value: '0.1' },
      { name: 'png' },
      { name: 'out', value: 'a' },
    ]);
  });
});

describe('withFlagNames(message, syntax, line)', () => {
  it.each([
    ['rows are bad, maxBad is 0.01', '', 'rows are bad, --max-bad is 0.01'],
    ['allow the overlap (trainCount)', '', 'allow the overlap (--train-count)'],
    ['/data/maxBad.csv: expected a table', '', '/data/maxBad.csv: expected a table'],
    ['a/b: expected images to be 1 or more', '--images 0', 'a/b: expected --images to be 1 or more'],
    ['expected images to be readable', '', 'expected images to be readable'],
    ['expected a table; give it (images)', '', 'expected a table; give it (--images)'],
    ['expected a table (images), got none', '', 'expected a table (images), got none'],
    ['c.yaml: got lr; did you mean learningRate?', '', 'c.yaml: got lr; did you mean learningRate?'],
    ['expected learningRate to be a number', '--learning-rate x', 'expected --learning-rate to be a number'],
    ['got a finished one; resume or overwrite it, or', '', 'got a finished one; add --resume or --overwrite, or'],
  ])('turns %j after %j into %j', (message, line, text) => {
    expect(withFlagNames(message, train, line.split(' '))).toBe(text);
  });
});
