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

const definitionKeys = ['name', 'version', 'source', 'extends', 'labels', 'order', '$schema'];

function toDefinition(content: unknown, file: string): LabelGraphDefinition {
  const fail = (message: string): never => {
    throw new LabelGraphError('format', `${file}: ${message}`);
  };
  if (isNames(content)) return { name: file, labels: content.map((name) => ({ name })) };
  if (!isRecord(content)) return fail('expected an object or a list of names');
  if (content.nodes !== undefined || content.parent !== undefined) return fromParents(content, file);
  const strange = Object.keys(content).filter((key) => !definitionKeys.includes(key));
  if (strange.length > 0)
    return fail(`expected the keys ${definitionKeys.join(', ')}, got ${strange.join(', ')}; remove or rename them`);
  for (const key of ['name', 'version', 'source', 'extends']) {
    const value = content[key];
    if (value !== undefined && typeof value !== 'string')
      return fail(`expected "${key}" to be a text, got ${JSON.stringify(value)}; put it in quotes`);
  }
  const given = content.labels ?? (content.extends === undefined ? undefined : []);
  if (!Array.isArray(given)) return fail('expected "labels" to be a list');
  const labels = given.map((label, i) => readLabel(label, `${file}: labels[${i}]`));
  if (content.order !== undefined && !isNames(content.order)) return fail('expected "order" to be a list of names');
  return { name: file, ...(content as Partial<LabelGraphDefinition>), labels };
}

/** `{ "nodes": […], "parent": { child: parent, several, or null } }`; the nodes may also be called "labels". */
function fromParents(content: Record<string, unknown>, file: string): LabelGraphDefinition {
  const nodes = content.nodes ?? content.labels;
  const fail = (message: string): never => {
    throw new LabelGraphError('format', `${file}: ${message}`);
  };
  if (!isNames(nodes)) return fail('expected "nodes" to be a list of names');
  const parent = content.parent ?? {};
  if (!isRecord(parent)) return fail('expected "parent" to be an object of child: parent');
  const parents = new Map<string, string[]>();
  for (const [child, above] of Object.entries(parent)) {
    const list = [above ?? []].flat();
    if (!isNames(list)) return fail(`expected the parent of ${JSON.stringify(child)} to be a name, a list or null`);
    if (!nodes.includes(child)) {
      throw new LabelGraphError(
        'unknown-label',
        `${file}: expected every child in "parent" to be a node, got ${JSON.stringify(child)}; add it to "nodes"`,
        [child],
      );
    }
    parents.set(child, list);
  }
  return {
    name: typeof content.name === 'string' ? content.name : file,
    ...(typeof content.source === 'string' && { source: content.source }),
    labels: nodes.map((name) => ({ name, parents: parents.get(name) ?? [] })),
  };
}

const labelKeys: Readonly<Record<keyof LabelDefinition, { expected: string; isSound: (value: unknown) => boolean }>> = {
  name: { expected: 'a text', isSound: (value) => typeof value === 'string' && value !== '' },
  parents: { expected: 'a list of names', isSound: isNames },
  synonyms: { expected: 'a list of texts', isSound: isNames },
  related: { expected: 'a list of texts', isSound: isNames },
  means: { expected: 'the name of a finding', isSound: (value) => typeof value === 'string' && value !== '' },
  umls: {
    expected: 'a concept such as C0032285',
    isSound: (value) => typeof value === 'string' && /^C\d{7}$/.test(value),
  },
  descriptors: {
    expected: 'a list of texts, one or more',
    isSound: (value) => isNames(value) && value.length > 0,
  },
  prompts: {
    expected: '{ positive: [texts], negative?: [texts] }',
    isSound: (value) =>
      isRecord(value) &&
      isNames(value.positive) &&
      value.positive.length > 0 &&
      (value.negative === undefined || (isNames(value.negative) && value.negative.length > 0)) &&
      Object.keys(value).every((key) => key === 'positive' || key === 'negative'),
  },
  weight: {
    expected: 'a number above 0',
    isSound: (value) => typeof value === 'number' && value > 0 && Number.isFinite(value),
  },
  group: { expected: 'true or false', isSound: (value) => typeof value === 'boolean' },
};

/** Checks one label of a file. */
export function readLabel(label: unknown, where: string): LabelDefinition {
  if (typeof label === 'string' && label !== '') return { name: label };
  const fail = (message: string): never => {
    throw new LabelGraphError('format', `${where}: ${message}`);
  };
  if (!isRecord(label) || label.name === undefined) {
    return fail(
      `expected a name or { ${Object.keys(labelKeys).join(', ')} } with a name, got ${JSON.stringify(label)}`,
    );
  }
  for (const [key, value] of Object.entries(label)) {
    const rule = Object.hasOwn(labelKeys, key) ? labelKeys[key as keyof LabelDefinition] : undefined;
    if (!rule) return fail(`expected the keys ${Object.keys(labelKeys).join(', ')}, got ${key}; remove or rename it`);
    if (!rule.isSound(value)) return fail(`expected "${key}" to be ${rule.expected}, got ${JSON.stringify(value)}`);
  }
  return label as unknown as LabelDefinition;
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
