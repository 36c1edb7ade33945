import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { itWithShared, sharedFolder } from '@cxr-align/testkit';
import { readLabelGraph } from '../src/formats.js';
import { drawTree, LabelGraphError } from '../src/index.js';

const read = (path: string): string => readFileSync(join(sharedFolder, path), 'utf8');

describe('graphs that people meet', () => {
  itWithShared('cases/r02-dag-bomb/dag-20.json', 'walks a layered graph of 20 layers at once', () => {
    const began = performance.now();
    const graph = readLabelGraph(read('cases/r02-dag-bomb/dag-20.json'), 'dag-20.json');
    expect(graph.ancestors('L19x')).toHaveLength(38);
    expect(graph.descendants('L0y')).toHaveLength(38);
    expect(graph.labelEdges()).toHaveLength(76);
    expect(drawTree(graph).split('\n')).toHaveLength(1 + 2 + 2 * 38);
    expect(performance.now() - began).toBeLessThan(5000);
  });
  itWithShared(
    'cases/r01-graph-proto-hang/hang.json',
    'takes a label named __proto__, once its keys are those of today',
    () => {
      const text = read('cases/r01-graph-proto-hang/hang.json');
      expect(() => readLabelGraph(text, 'hang.json')).toThrow(LabelGraphError);
      const graph = readLabelGraph(
        text.replaceAll('"related"', '"associatedTerms"').replace('"Lung Opacity",', '"__proto__",'),
        'hang.json',
      );
      expect(graph.labels[0]).toBe('__proto__');
      expect(drawTree(graph)).toContain('├─ __proto__');
    },
  );
});
