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
  it('draws what is below a label with several parents once', () => {
    const graph = new LabelGraph({
      name: 'x',
      labels: [{ name: 'a' }, { name: 'b' }, { name: 'c', parents: ['a', 'b'] }, { name: 'd', parents: ['c', 'b'] }],
    });
    expect(drawTree(graph)).toBe(
      ['Chest X-ray Findings', '├─ a', '│  └─ c', '│     └─ d', '└─ b', '   ├─ c  (see above)', '   └─ d'].join('\n'),
    );
  });
  it('escapes what a terminal would obey', () => {
    const graph = new LabelGraph({
      name: 'x',
      labels: [{ name: 'a\u001b[2Jb\n' }, { name: 'c\u202ed' }, { name: '肺' }],
    });
    expect(drawTree(graph).split('\n').slice(1)).toEqual(['├─ a\\u001b[2Jb\\u000a', '├─ c\\u202ed', '└─ 肺']);
  });
});
