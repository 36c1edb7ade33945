import { escapeHtml } from './html-report.js';

/** A node of a hierarchy as it is drawn. */
export interface TreeNode {
  name: string;
  /** Names of the nodes directly above; it stands below the first, the others are named beside it. */
  parents: readonly string[];
  /** True for a node that only gathers others. */
  group?: boolean;
  /** A remark behind the name, such as a count. */
  note?: string;
  /** In [0, 1]: how far the bar beside the name reaches, such as the share of images with the label. */
  share?: number;
}

export interface LabelTreeOptions {
  title: string;
  /** Lines of a column before the next one begins. Default 60. */
  rowsPerColumn?: number;
}

const row = 18;
const indent = 16;
const barWidth = 60;
/** Width of a letter at 12 pixels, on the safe side. */
const letter = 7.2;

interface Line {
  node: TreeNode;
  depth: number;
  /** Shown again at the top of a column. */
  isRepeat: boolean;
  /** Line of the parent in the same column; −1 at the top. */
  parent: number;
}

/**
 * A hierarchy as an indented tree in SVG, a line a node: readable with any number of labels, since long trees go on in
 * further columns, which repeat the nodes above.
 */
export function labelTree(nodes: readonly TreeNode[], { title, rowsPerColumn = 60 }: LabelTreeOptions): string {
  const columns = breakIntoColumns(preorder(nodes), rowsPerColumn);
  const hasBars = nodes.some(({ share }) => share !== undefined);
  const drawn = columns.map((lines) => drawColumn(lines, hasBars));
  const gap = 24;
  const columnsWidth = drawn.reduce((sum, column) => sum + column.width + gap, 0);
  const width = Math.ceil(Math.max(columnsWidth, gap + 8 * title.length));
  const height = 34 + row * Math.max(1, ...columns.map((lines) => lines.length));
  let x = gap / 2;
  const parts = drawn.map((column) => {
    const placed = `<g transform="translate(${x},38)">${column.svg}</g>`;
    x += column.width + gap;
    return placed;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${gap / 2}" y="20" font-weight="bold">${escapeHtml(title)}</text>`,
    ...parts,
    '</svg>',
  ].join('');
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
  const textEnd = (line: Line): number => line.depth * indent + 12 + letter * textOf(line).length;
  const bars = hasBars ? Math.max(...lines.map(textEnd)) + 10 : 0;
  const remarkAt = (line: Line): number => (hasBars ? bars + barWidth + 8 : textEnd(line) + 8);
  const width = Math.max(...lines.map((line) => remarkAt(line) + letter * 0.9 * remarkOf(line).length));
  const parts = lines.map((line, i) => {
    const { node, depth, parent, isRepeat } = line;
    const [x, y] = [depth * indent, i * row];
    const elbow =
      parent < 0 ? '' : `<path d="M${x - indent + 4},${parent * row + 5}V${y}H${x}" fill="none" stroke="#bbb"/>`;
    const dot = node.group
      ? `<rect x="${x}" y="${y - 4}" width="8" height="8" fill="white" stroke="#666"/>`
      : `<circle cx="${x + 4}" cy="${y}" r="4" fill="${isRepeat ? '#bbb' : '#0072B2'}"/>`;
    const style = `${node.group ? ' font-style="italic"' : ''}${isRepeat ? ' fill="#888"' : ''}`;
    const text = `<text x="${x + 14}" y="${y + 4}"${style}>${escapeHtml(textOf(line))}</text>`;
    const share = isRepeat ? undefined : node.share;
    const bar =
      share === undefined
        ? ''
        : `<rect x="${bars}" y="${y - 6}" width="${barWidth}" height="12" fill="#eef2f5"/><rect x="${bars}" y="${y - 6}" width="${(barWidth * Math.max(0, Math.min(1, share))).toFixed(1)}" height="12" fill="#56B4E9"/>`;
    const remark = remarkOf(line);
    const aside = remark
      ? `<text x="${remarkAt(line).toFixed(0)}" y="${y + 4}" font-size="11" fill="#666">${escapeHtml(remark)}</text>`
      : '';
    return elbow + dot + text + bar + aside;
  });
  return { svg: parts.join(''), width: Math.ceil(width) };
}
