import { terminalTable } from '../src/terminal-table.js';

describe('terminalTable(header, rows, texts)', () => {
  const long = 'Pneumonia/Bacterial/Streptococcus pneumoniae of the right lower lobe';
  it('sets text on the left and numbers on the right', () => {
    expect(terminalTable(['label', 'n', 'verdict'], [['Edema', '12', 'works']], [0, 2])).toEqual([
      'label   n  verdict',
      'Edema  12  works',
    ]);
  });
  it('fits 80 columns by taking the middle of names', () => {
    const lines = terminalTable(['label', 'AUROC', '95 %'], [[long, '0.812', 'x'.repeat(30)]]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^Pneumonia\/Bacterial.*….*right lower lobe {2}0\.812/);
  });
  it('keeps characters whole', () => {
    const [, line] = terminalTable(['label', 'x'.repeat(60)], [['🫁'.repeat(40), '']]);
    expect(line).toMatch(/^(🫁)+…(🫁)+$/u);
  });
});
