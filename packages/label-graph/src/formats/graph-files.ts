import Graph, { DirectedGraph } from 'graphology';
import { parse as parseGexf, write as writeGexf } from 'graphology-gexf';
import { parse as parseGraphml } from 'graphology-graphml';
import { stringify } from 'yaml';
import { faultReason } from '@cxr-align/files/yaml';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from '../definition.js';
import { defaultRoot, LabelGraph } from '../label-graph.js';
import { readLabel } from '../read-definition.js';
import { checkXml } from './check-xml.js';
import { fileName } from './graphology.js';
import { inFile } from './in-file.js';
import { parseLabelGraph } from './parse.js';

/** Formats of label graph files. */
export type LabelGraphFormat = 'json' | 'yaml' | 'gexf' | 'graphml';

/** Their names. */
export const labelGraphFormats: readonly LabelGraphFormat[] = ['json', 'yaml', 'gexf', 'graphml'];

/** The format that a file's name implies: `.gexf`, `.graphml`, `.yaml` or `.yml`, else JSON. */
export function labelGraphFormat(file: string): LabelGraphFormat {
  const ending = /\.([a-z]+)$/i.exec(file)?.[1].toLowerCase();
  if (ending === 'yml') return 'yaml';
  return labelGraphFormats.find((format) => format === ending) ?? 'json';
}

/**
 * Reads a label graph file of any format; the file's name implies which.
 *
 * In GEXF and GraphML each node is a label, named by its attribute `label` or else its id, and each edge goes from parent
 * to child. Attributes `group`, `synonyms`, `position` and so on are those that {@link writeLabelGraph} writes; files of other
 * programs need none of them.
 *
 * @throws {LabelGraphError} if the file is no such file, or if the graph is not sound.
 */
export function readLabelGraph(text: string, file: string): LabelGraph {
  const format = labelGraphFormat(file);
  if (format === 'json' || format === 'yaml') return parseLabelGraph(text, file);
  return inFile(file, () => new LabelGraph(definitionOf(parseXml(text, format, file), file)));
}

function parseXml(text: string, format: 'gexf' | 'graphml', file: string): Graph {
  try {
    const element = checkXml(text);
    if (element !== format) throw new Error(`the element <${element}> instead of <${format}>`);
    refuseNames(text);
    return (format === 'gexf' ? parseGexf : parseGraphml)(Graph, text);
  } catch (error) {
    throw new LabelGraphError(
      'format',
      `${file}: expected ${format === 'gexf' ? 'GEXF' : 'GraphML'} with edges from parent to child, got ${faultReason(error)}`,
    );
  }
}

/** graphology and its parsers keep what they read in plain objects: these names would be found there before they are read. */
function refuseNames(text: string): void {
  for (const [, , id] of text.matchAll(/\s(?:id|source|target|key|for)\s*=\s*(["'])(.*?)\1/g))
    if (id in Object.prototype) throw new Error(`the id ${id}, which every object has; write label:${id}`);
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
  const { name, version = '1', source = '', findings, labels, order = [] } = graph.toDefinition();
  const file = new DirectedGraph<FileAttributes>();
  file.replaceAttributes({
    name,
    version,
    source,
    ...(graph.root !== defaultRoot && { root: graph.root }),
    ...(findings && { findings: JSON.stringify(findings) }),
  });
  for (const { name: label, parents: _edges, ...rest } of labels) {
    const attributes = Object.entries(rest).map(([key, value]) => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]);
    file.addNode(fileName(label), {
      label,
      position: order.indexOf(label),
      ...(Object.fromEntries(attributes) as FileAttributes),
    });
  }
  for (const { name: label, parents = [] } of labels)
    parents.forEach((parent) => file.addDirectedEdge(fileName(parent), fileName(label)));
  return file;
}

const listKeys: readonly (keyof LabelDefinition)[] = ['synonyms', 'associatedTerms', 'descriptors', 'prompts'];
const plainKeys: readonly (keyof LabelDefinition)[] = ['finding', 'umls', 'weight', 'group'];

/** What a file has; attributes that are not ours do not count. */
function definitionOf(read: Graph, file: string): LabelGraphDefinition {
  if (read.undirectedSize > 0) {
    throw new LabelGraphError(
      'format',
      `${file}: expected edges from parent to child, got undirected ones; set edgedefault or defaultedgetype to "directed"`,
    );
  }
  const { name, version, source, root = defaultRoot, findings } = read.getAttributes();
  const nameOf = (node: string): string => String(read.getNodeAttribute(node, 'label') ?? node);
  const nodes = read.filterNodes((node) => nameOf(node) !== root);
  const labels = nodes.map((node) => {
    const parents = read.inNeighbors(node).map(nameOf);
    return labelOf(
      nameOf(node),
      read.getNodeAttributes(node),
      parents.filter((parent) => parent !== root),
      file,
    );
  });
  const positionOf = (node: string): number => Number(read.getNodeAttribute(node, 'position') ?? -1);
  const ordered = nodes.filter((node) => positionOf(node) >= 0).sort((a, b) => positionOf(a) - positionOf(b));
  return {
    name: typeof name === 'string' && name !== '' ? name : file,
    ...(version !== undefined && { version: String(version) }),
    ...(source !== undefined && { source: String(source) }),
    ...(root !== defaultRoot && { root: String(root) }),
    ...(findings !== undefined && { findings: jsonOf(findings, 'findings', file) as LabelGraphDefinition['findings'] }),
    labels,
    ...(ordered.length > 0 && { order: ordered.map(nameOf) }),
  };
}

function labelOf(name: string, attributes: Record<string, unknown>, parents: string[], file: string): LabelDefinition {
  const label: Record<string, unknown> = { name, ...(parents.length > 0 && { parents }) };
  const isGiven = (key: string): boolean => attributes[key] !== undefined && attributes[key] !== '';
  for (const key of listKeys.filter(isGiven)) label[key] = listOf(attributes[key], key, file);
  for (const key of plainKeys.filter(isGiven)) label[key] = attributes[key];
  if (label.group === false) delete label.group;
  return readLabel(label, `${file}: node ${JSON.stringify(name)}`);
}

/** A list as JSON; other programs may hold a plain text there, which is a list of one. */
function listOf(text: unknown, key: string, file: string): unknown {
  if (key === 'prompts') return jsonOf(text, key, file);
  try {
    return JSON.parse(String(text));
  } catch {
    return [String(text)];
  }
}

function jsonOf(text: unknown, key: string, file: string): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new LabelGraphError(
      'format',
      `${file}: expected ${key} as JSON, got ${JSON.stringify(text)}; write it as in the documentation of label graphs`,
    );
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
  const ofGraph = Object.entries(graph.getAttributes()) as [string, string][];
  const data = (prefix: string, [name, value]: [string, unknown]): string =>
    `<data key="${prefix}${escapeXml(name)}">${escapeXml(String(value))}</data>`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    ...ofGraph.map(([name]) => `  <key id="g-${name}" for="graph" attr.name="${name}" attr.type="string"/>`),
    ...[...keys].map(([name, type]) => `  <key id="n-${name}" for="node" attr.name="${name}" attr.type="${type}"/>`),
    '  <graph edgedefault="directed">',
    ...ofGraph.map((entry) => `    ${data('g-', entry)}`),
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
