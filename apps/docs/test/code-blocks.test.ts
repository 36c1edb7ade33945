import { load } from './load.js';

const { blocksOf, fateOf } = await load('tools/scripts/code-blocks.mjs');
const { tableIn, withOutput } = await load('tools/scripts/start-table.mjs');

const fates = (text: string) => blocksOf(text).map((block: unknown) => fateOf(block));

describe('the blocks of a page', () => {
  it('are run, are no program, or have a reason', () => {
    const text =
      '```js\nx\n```\n\n```text\n1\n```\n\n```console\n$ a\n```\n\n```sh\nb\n```\n\n```js not-run: needs a GPU\nc\n```\n';
    expect(fates(text)).toMatchObject([
      { fate: 'run' },
      { fate: 'no program' },
      { fate: 'run' },
      { fate: expect.stringMatching(/^not run, commands for a clone/) },
      { fate: 'not run, needs a GPU' },
    ]);
  });

  it('are faults where nothing says what becomes of them', () => {
    expect(fates('```js\nx\n```\n')).toEqual([{ fault: 'js without a ```text block of what it prints' }]);
    expect(fates('```\nx\n```\n\n```rust\n```\n')).toEqual([
      { fault: 'no language' },
      { fault: 'the language rust, which nothing runs' },
    ]);
  });

  it('may hold fences of another length', () => {
    expect(blocksOf('````text\n```js\n```\n````\n')).toHaveLength(1);
  });
});

describe('the table of npm start', () => {
  const table = (macro: string) => `label  A  p (Holm)\n──\nEdema  1\n──\nmacro  ${macro}`;

  it('is found in an output, and put into the block of a README that has one', () => {
    const output = `data …\n${table('0.8')}\n\nreport: r\n`;
    expect(tableIn(output)).toBe(table('0.8'));
    const readme = `# x\n\n\`\`\`text\n${table('0.7')}\n\nold\n\`\`\`\n\nend\n`;
    expect(withOutput(readme, output)).toBe(`# x\n\n\`\`\`text\n${table('0.8')}\n\nreport: r\n\`\`\`\n\nend\n`);
  });

  it('is missed aloud', () => {
    expect(() => tableIn('no table')).toThrow(/expected the table of npm start, got no table/);
    expect(() => withOutput('# x', table('1'))).toThrow(/expected a README with a text block/);
  });
});
