import { rootName, type LabelGraph } from './label-graph.js';

/**
 * The graph as an indented tree for a terminal; a label with several parents stands below each.
 *
 * @param note a remark behind each label, such as a count.
 */
export function drawTree(graph: LabelGraph, note: (label: string) => string = () => ''): string {
  const lines = [rootName];
  const draw = (name: string, indent: string): void => {
    const children = name === rootName ? graph.graph.outNeighbors(rootName) : graph.children(name);
    children.forEach((child, i) => {
      const isLast = i === children.length - 1;
      const isGroup = graph.graph.getNodeAttribute(child, 'group');
      const remark = note(child);
      lines.push(`${indent}${isLast ? '└─ ' : '├─ '}${isGroup ? `(${child})` : child}${remark && `  ${remark}`}`);
      draw(child, `${indent}${isLast ? '   ' : '│  '}`);
    });
  };
  draw(rootName, '');
  return lines.join('\n');
}
