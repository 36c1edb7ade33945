import { drawTree, LabelGraph } from '../src/index.js';

describe('drawTree(graph)', () => {
  it('indents children, puts groups in brackets and adds notes', () => {
    const graph = new LabelGraph({
      name: 'x',
      labels: [{ name: 'Lung', group: true }, { name: 'Edema', parents: ['Lung'] }, { name: 'Fracture' }],
    });
    expect(drawTree(graph, (label) => (label === 'Edema' ? '12' : ''))).toBe(
      ['Chest X-ray Findings', '├─ (Lung)', '│  └─ Edema  12', '└─ Fracture'].join('\n'),
    );
  });
});
