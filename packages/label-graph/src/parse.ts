import { parse as parseYaml } from 'yaml';
import { LabelGraphError, type LabelDefinition, type LabelGraphDefinition } from './definition.js';
import { LabelGraph } from './label-graph.js';
import { resolveExtension } from './label-sets.js';

/**
 * Reads a label graph from JSON or YAML: either a definition ({@link LabelGraphDefinition}, with `extends` or without),
 * or a hierarchy of the form `{ "nodes": […], "parent": { child: parent or null } }`, or a plain list of names.
 *
 * @param file named in errors.
 * @throws {LabelGraphError} if it is neither, or if the graph is not sound.
 */
export function parseLabelGraph(text: string, file = 'label graph'): LabelGraph {
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    throw new LabelGraphError(
      'format',
      `${file}: expected JSON or YAML, got ${(error as Error).message.split('\n')[0]}`,
    );
  }
  return new LabelGraph(resolveExtension(toDefinition(content, file)));
}

function toDefinition(content: unknown, file: string): LabelGraphDefinition {
  const fail = (message: string): never => {
    throw new LabelGraphError('format', `${file}: ${message}`);
  };
  if (isNames(content)) return { name: file, labels: content.map((name) => ({ name })) };
  if (typeof content !== 'object' || content === null) return fail('expected an object or a list of names');
  const record = content as Record<string, unknown>;
  if (record.nodes !== undefined) {
    if (!isNames(record.nodes)) return fail('expected "nodes" to be a list of names');
    const parent = (record.parent ?? {}) as Record<string, string | string[] | null>;
    const labels = record.nodes.map((name) => ({ name, parents: [parent[name] ?? []].flat() }));
    return { name: typeof record.name === 'string' ? record.name : file, labels };
  }
  const allowed = ['name', 'version', 'source', 'extends', 'labels', 'order', '$schema'];
  const strange = Object.keys(record).filter((key) => !allowed.includes(key));
  if (strange.length > 0)
    return fail(`expected the keys ${allowed.join(', ')}, got ${strange.join(', ')}; remove or rename them`);
  if (!Array.isArray(record.labels)) return fail('expected "labels" to be a list');
  const labels = record.labels.map((label, i) => readLabel(label, `${file}: labels[${i}]`));
  if (record.order !== undefined && !isNames(record.order)) return fail('expected "order" to be a list of names');
  return { ...(record as Omit<LabelGraphDefinition, 'labels'>), name: String(record.name ?? file), labels };
}

function readLabel(label: unknown, where: string): LabelDefinition {
  if (typeof label === 'string') return { name: label };
  const { name, parents, synonyms, group, ...strange } = (label ?? {}) as Record<string, unknown>;
  const isSound =
    typeof name === 'string' &&
    name !== '' &&
    [parents, synonyms].every((list) => list === undefined || isNames(list)) &&
    (group === undefined || typeof group === 'boolean') &&
    Object.keys(strange).length === 0;
  if (!isSound) {
    throw new LabelGraphError(
      'format',
      `${where}: expected a name or { name, parents?, synonyms?, group? }, got ${JSON.stringify(label)}`,
    );
  }
  return label as LabelDefinition;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
}

/**
 * The graph that paths such as `Pneumonia/Viral` tell by themselves: each path is a label, its parent the path without
 * the last part, if that is a label too.
 *
 * @param labels names in label order; one without a slash hangs from the root.
 */
export function labelGraphFromPaths(labels: readonly string[], name = 'paths'): LabelGraph {
  const known = new Set(labels);
  return new LabelGraph({
    name,
    source: 'the paths of the labels',
    labels: labels.map((label) => {
      const parts = label.split('/');
      const above = parts.slice(0, -1).map((_, i) => parts.slice(0, parts.length - 1 - i).join('/'));
      const parent = above.find((path) => known.has(path));
      return { name: label, ...(parent !== undefined && { parents: [parent] }) };
    }),
  });
}
