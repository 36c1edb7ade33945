import { digits, drawing, pageColour, textAt, textWidth } from './drawing.js';

/** A node of a hierarchy as it is drawn. */
export interface TreeNode {
  name: string;
  /** Names of its parents: it is drawn below the first, the others are named beside it. */
  parents: readonly string[];
  /** True for a node that only groups others. */
  group?: boolean;
  /** A note after the name, such as a count. */
  note?: string;
  /** Length of the bar beside the name, in [0, 1], such as the share of images with the label. */
  share?: number;
}

/** How a tree is drawn. */
export interface LabelTreeOptions {
  title: string;
  /** Lines per column. Default 60. */
  rowsPerColumn?: number;
}

const row = 18;
const indent = 16;
const barWidth = 60;
/** Longer names end in an ellipsis. */
const mostText = 420;

interface Line {
  node: TreeNode;
  depth: number;
  /** Shown again at the top of a column. */
  isRepeat: boolean;
  /** Line of the parent in the same column; −1 at the top. */
  parent: number;
}

/**
 * A hierarchy as an indented tree, one line per node. Long trees continue in further columns, which repeat the ancestors, so
 * that any number of labels is readable.
 *
 * @param nodes of a directed acyclic graph; a parent that is not among them is ignored.
 * @returns an SVG.
 * @throws {RangeError} if nodes are below each other in a circle: they would have no place in the tree.
 */
export function labelTree(nodes: readonly TreeNode[], { title, rowsPerColumn = 60 }: LabelTreeOptions): string {
  const columns = breakIntoColumns(preorder(nodes), rowsPerColumn);
  const hasBars = nodes.some(({ share }) => share !== undefined);
  const drawn = columns.map((lines) => drawColumn(lines, hasBars));
  const gap = 24;
  const columnsWidth = drawn.reduce((sum, column) => sum + column.width + gap, 0);
  const width = Math.max(columnsWidth, gap + 1.1 * textWidth(title, 13));
  const height = 34 + row * Math.max(1, ...columns.map((lines) => lines.length));
  let x = 0;
  const parts = drawn.map((column) => {
    const placed = `<g transform="translate(${x},38)">${column.svg}</g>`;
    x += column.width + gap;
    return placed;
  });
  return drawing(width, height, [textAt(0, 16, title, { bold: true, size: 13, most: width }), ...parts]);
}

/** Every node once, below its first parent, parents before children. */
function preorder(nodes: readonly TreeNode[]): { node: TreeNode; depth: number; above: TreeNode[] }[] {
  const known = new Set(nodes.map(({ name }) => name));
  const childrenOf = new Map<string | undefined, TreeNode[]>();
  for (const node of nodes) {
    const parent = node.parents.find((name) => known.has(name));
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), node]);
  }
  const lines: { node: TreeNode; depth: number; above: TreeNode[] }[] = [];
  const visit = (node: TreeNode, above: TreeNode[]): void => {
    lines.push({ node, depth: above.length, above });
    childrenOf.get(node.name)?.forEach((child) => visit(child, [...above, node]));
  };
  childrenOf.get(undefined)?.forEach((node) => visit(node, []));
  if (lines.length < nodes.length) {
    const drawn = new Set(lines.map(({ node }) => node));
    const missing = nodes.filter((node) => !drawn.has(node)).map(({ name }) => name);
    throw new RangeError(
      `report/labelTree: expected no cycle, got ${missing.join(', ')} below each other; try other parents for one of them`,
    );
  }
  return lines;
}

function breakIntoColumns(lines: ReturnType<typeof preorder>, most: number): Line[][] {
  const count = Math.max(1, Math.ceil(lines.length / most));
  const perColumn = Math.ceil(lines.length / count);
  const columns: Line[][] = [];
  for (let start = 0; start < lines.length; start += perColumn) {
    const column: Line[] = [];
    const places = new Map<string, number>();
    const add = (node: TreeNode, depth: number, parent: TreeNode | undefined, isRepeat: boolean): void => {
      places.set(node.name, column.length);
      column.push({ node, depth, isRepeat, parent: parent ? places.get(parent.name)! : -1 });
    };
    const { above } = lines[start];
    above.forEach((node, depth) => add(node, depth, above[depth - 1], true));
    for (const { node, depth, above: chain } of lines.slice(start, start + perColumn)) {
      add(node, depth, chain[depth - 1], false);
    }
    columns.push(column);
  }
  return columns;
}

function drawColumn(lines: readonly Line[], hasBars: boolean): { svg: string; width: number } {
  const textOf = ({ node, isRepeat }: Line): string => `${node.name}${isRepeat ? ' …' : ''}`;
  const remarkOf = ({ node, isRepeat }: Line): string =>
    isRepeat
      ? ''
      : [node.note, node.parents.length > 1 && `also below ${node.parents.slice(1).join(', ')}`]
          .filter(Boolean)
          .join(' · ');
  const textEnd = (line: Line): number => line.depth * indent + 14 + Math.min(mostText, textWidth(textOf(line)));
  const bars = hasBars ? Math.max(...lines.map(textEnd)) + 10 : 0;
  const remarkAt = (line: Line): number => (hasBars ? bars + barWidth + 8 : textEnd(line) + 8);
  const width = Math.max(...lines.map((line) => remarkAt(line) + Math.min(mostText, textWidth(remarkOf(line), 11))));
  const parts = lines.map((line, i) => {
    const { node, depth, parent, isRepeat } = line;
    const [x, y] = [depth * indent, i * row];
    const [muted, edge] = [pageColour('muted'), pageColour('line')];
    const elbow =
      parent < 0 ? '' : `<path d="M${x - indent + 4},${parent * row + 5}V${y}H${x}" fill="none" stroke="${muted}"/>`;
    const dot = node.group
      ? `<rect x="${x}" y="${y - 4}" width="8" height="8" fill="${pageColour('paper')}" stroke="${muted}"/>`
      : `<circle cx="${x + 4}" cy="${y}" r="4" fill="${isRepeat ? edge : pageColour('c0')}"/>`;
    const text = textAt(x + 14, y + 4, textOf(line), {
      most: mostText,
      ...((node.group || isRepeat) && { colour: muted }),
    });
    const share = isRepeat ? undefined : node.share;
    const bar =
      share === undefined
        ? ''
        : `<rect x="${digits(bars)}" y="${y - 6}" width="${barWidth}" height="12" fill="${edge}"/><rect x="${digits(bars)}" y="${y - 6}" width="${(barWidth * Math.max(0, Math.min(1, share))).toFixed(1)}" height="12" fill="${pageColour('c0')}"/>`;
    const remark = remarkOf(line);
    const aside = remark ? textAt(remarkAt(line), y + 4, remark, { size: 11, colour: muted, most: mostText }) : '';
    return elbow + dot + text + bar + aside;
  });
  return { svg: parts.join(''), width: Math.ceil(width) };
}
