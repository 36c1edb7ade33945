import { printable } from '@cxr-align/files/printable';
import type { LabelGraph } from './label-graph.js';

/**
 * The graph as an indented tree for a terminal. A label with several parents stands below each; what is below it is drawn
 * once, and `(see above)` stands for it elsewhere. Groups are in brackets, control characters are escaped.
 *
 * @param note a remark behind each label, such as a count.
 */
export function drawTree(graph: LabelGraph, note: (label: string) => string = () => ''): string {
  const lines = [printable(graph.root)];
  const drawn = new Set<string>();
  const draw = (name: string, indent: string): void => {
    const children = graph.children(name);
    children.forEach((child, i) => {
      const isLast = i === children.length - 1;
      const shown = graph.node(child).group ? `(${printable(child)})` : printable(child);
      const isRepeated = drawn.has(child) && graph.children(child).length > 0;
      const remarks = [note(child), isRepeated ? '(see above)' : ''].filter((remark) => remark !== '');
      lines.push([`${indent}${isLast ? '└─ ' : '├─ '}${shown}`, ...remarks].join('  '));
      if (isRepeated) return;
      drawn.add(child);
      draw(child, `${indent}${isLast ? '   ' : '│  '}`);
    });
  };
  draw(graph.root, '');
  return lines.join('\n');
}
