import Graph, { DirectedGraph } from 'graphology';
import { parse as parseGexf, write as writeGexf } from 'graphology-gexf';
import { parse as parseGraphml } from 'graphology-graphml';
import { stringify } from 'yaml';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { LabelGraph, rootName } from './label-graph.js';
import { parseLabelGraph, readLabel } from './parse.js';

/** Formats of label graph files. */
export type LabelGraphFormat = 'json' | 'yaml' | 'gexf' | 'graphml';

/** Their names. */
export const labelGraphFormats: readonly LabelGraphFormat[] = ['json', 'yaml', 'gexf', 'graphml'];

/** The format that a file's name tells: `.gexf`, `.graphml`, `.yaml` or `.yml`, else JSON. */
export function labelGraphFormat(file: string): LabelGraphFormat {
  const ending = /\.([a-z]+)$/i.exec(file)?.[1].toLowerCase();
  if (ending === 'yml') return 'yaml';
  return labelGraphFormats.find((format) => format === ending) ?? 'json';
}

/**
 * Reads a label graph file of any format; the file's name tells which.
 *
 * In GEXF and GraphML each node is a label, named by its attribute `label` or else its id, and each edge goes from parent
 * to child. Attributes `group`, `synonyms`, `place` and so on are those that {@link writeLabelGraph} writes; files of other
 * programs need none of them.
 *
 * @throws {LabelGraphError} if the file is no such file, or if the graph is not sound.
 */
export function readLabelGraph(text: string, file: string): LabelGraph {
  const format = labelGraphFormat(file);
  if (format === 'json' || format === 'yaml') return parseLabelGraph(text, file);
  let read: Graph;
  try {
    if (!new RegExp(`<${format}[\\s>]`).test(text)) throw new Error(`no element <${format}>`);
    read = (format === 'gexf' ? parseGexf : parseGraphml)(Graph, text);
  } catch (error) {
    throw new LabelGraphError(
      'format',
      `${file}: expected ${format === 'gexf' ? 'GEXF' : 'GraphML'} with edges from parent to child, got ${(error as Error).message.split('\n')[0]}`,
    );
  }
  return new LabelGraph(definitionOf(read, file));
}

/** Writes a label graph file, complete, so that {@link readLabelGraph} gives the same graph again. */
export function writeLabelGraph(graph: LabelGraph, format: LabelGraphFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(graph.toDefinition(), null, 2)}\n`;
    case 'yaml':
      return stringify(graph.toDefinition(), { lineWidth: 0 });
    case 'gexf':
      return `${writeGexf(fileGraph(graph))}\n`;
    case 'graphml':
      return graphml(fileGraph(graph));
  }
}

type FileAttributes = Record<string, string | number | boolean>;

/** The graph as files hold it: attributes are texts, numbers and truth values; lists are JSON. */
function fileGraph(graph: LabelGraph): DirectedGraph<FileAttributes> {
  const { name, version = '1', source = '', labels, order = [] } = graph.toDefinition();
  const file = new DirectedGraph<FileAttributes>();
  file.replaceAttributes({ name, version, source });
  for (const { name: label, parents: _edges, ...rest } of labels) {
    const told = Object.entries(rest).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]);
    file.addNode(label, { label, place: order.indexOf(label), ...(Object.fromEntries(told) as FileAttributes) });
  }
  for (const { name: label, parents = [] } of labels) parents.forEach((parent) => file.addDirectedEdge(parent, label));
  return file;
}

const listKeys: readonly (keyof LabelDefinition)[] = ['synonyms', 'related', 'descriptors', 'prompts'];
const plainKeys: readonly (keyof LabelDefinition)[] = ['means', 'umls', 'weight', 'group'];

/** What a file says; attributes that are not ours do not count. */
function definitionOf(read: Graph, file: string): LabelGraphDefinition {
  const nameOf = (node: string): string => String(read.getNodeAttribute(node, 'label') ?? node);
  if (read.undirectedSize > 0) {
    throw new LabelGraphError(
      'format',
      `${file}: expected edges from parent to child, got undirected ones; say edgedefault or defaultedgetype "directed"`,
    );
  }
  const nodes = read.filterNodes((node) => nameOf(node) !== rootName);
  const labels = nodes.map((node): LabelDefinition => {
    const told = read.getNodeAttributes(node);
    const label: Record<string, unknown> = { name: nameOf(node) };
    const parents = read
      .inNeighbors(node)
      .map(nameOf)
      .filter((parent) => parent !== rootName);
    if (parents.length > 0) label.parents = parents;
    for (const key of listKeys)
      if (told[key] !== undefined && told[key] !== '') label[key] = parsed(told[key], key, file);
    for (const key of plainKeys) if (told[key] !== undefined && told[key] !== '') label[key] = told[key];
    if (label.group === false) delete label.group;
    return readLabel(label, `${file}: node ${node}`);
  });
  const place = (node: string): number => Number(read.getNodeAttribute(node, 'place') ?? -1);
  const placed = nodes.filter((node) => place(node) >= 0).sort((a, b) => place(a) - place(b));
  const { name, version, source } = read.getAttributes();
  return {
    name: typeof name === 'string' && name !== '' ? name : file,
    ...(version !== undefined && { version: String(version) }),
    ...(source !== undefined && { source: String(source) }),
    labels,
    ...(placed.length > 0 && { order: placed.map(nameOf) }),
  };
}

function parsed(text: unknown, key: string, file: string): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    // Other programs may hold a plain text there.
    if (key !== 'prompts') return [String(text)];
    throw new LabelGraphError('format', `${file}: expected prompts as JSON, got ${JSON.stringify(text)}`);
  }
}

/** GraphML, which graphology reads and does not write. */
function graphml(graph: DirectedGraph<FileAttributes>): string {
  const keys = new Map<string, string>();
  graph.forEachNode((_node, attributes) => {
    for (const [name, value] of Object.entries(attributes)) {
      const type = typeof value === 'boolean' ? 'boolean' : typeof value === 'number' ? 'double' : 'string';
      keys.set(name, type);
    }
  });
  const told = Object.entries(graph.getAttributes()) as [string, string][];
  const data = (prefix: string, [name, value]: [string, unknown]): string =>
    `<data key="${prefix}${escapeXml(name)}">${escapeXml(String(value))}</data>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    ...told.map(([name]) => `  <key id="g-${name}" for="graph" attr.name="${name}" attr.type="string"/>`),
    ...[...keys].map(([name, type]) => `  <key id="n-${name}" for="node" attr.name="${name}" attr.type="${type}"/>`),
    '  <graph edgedefault="directed">',
    ...told.map((entry) => `    ${data('g-', entry)}`),
    ...graph.mapNodes(
      (node, attributes) =>
        `    <node id="${escapeXml(node)}">${Object.entries(attributes)
          .map((entry) => data('n-', entry))
          .join('')}</node>`,
    ),
    ...graph.mapDirectedEdges(
      (_edge, _attributes, source, target) => `    <edge source="${escapeXml(source)}" target="${escapeXml(target)}"/>`,
    ),
    '  </graph>',
    '</graphml>',
    '',
  ].join('\n');
}

/** Text that stands in XML as it is; control characters, which XML cannot hold, become spaces. */
function escapeXml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
  return text.replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, ' ').replace(/[&<>"']/g, (sign) => names[sign]);
}
