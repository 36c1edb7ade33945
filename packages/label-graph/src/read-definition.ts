import {
  LabelGraphError,
  type FindingDefinition,
  type LabelDefinition,
  type LabelGraphDefinition,
} from './definition.js';
import { didYouMean } from './nearest-name.js';

/**
 * A label graph's definition from the parsed content of a JSON or YAML file: a {@link LabelGraphDefinition}, a hierarchy of
 * the form `{ "nodes": […], "parent": { child: parent or null } }`, or a plain list of names. Unknown keys are refused.
 *
 * @param where stands before every message, and names a graph without a name.
 * @throws {LabelGraphError} of kind `format` if it is none of them.
 */
export function readLabelGraphDefinition(content: unknown, where: string): LabelGraphDefinition {
  if (isNames(content)) return { name: where, labels: content.map((name) => ({ name })) };
  if (!isRecord(content)) throw fault(where, 'expected an object or a list of names');
  if (content.nodes !== undefined || content.parent !== undefined) return fromParents(content, where);
  checkKeys(content, definitionKeys, where);
  for (const key of ['name', 'version', 'source', 'root']) {
    const value = content[key];
    if (value !== undefined && (typeof value !== 'string' || (key === 'root' && value.trim() === '')))
      throw fault(where, `expected "${key}" to be a text, got ${JSON.stringify(value)}; put it in quotes`);
  }
  const base = content.extends;
  if (base !== undefined && typeof base !== 'string' && !isRecord(base))
    throw fault(where, `expected "extends" to be the name of a label set, got ${JSON.stringify(base)}`);
  const given = content.labels ?? (base === undefined ? undefined : []);
  if (!Array.isArray(given)) throw fault(where, 'expected "labels" to be a list');
  const labels = given.map((label, i) => readLabel(label, `${where}: labels[${i}]`));
  if (content.order !== undefined && !isNames(content.order))
    throw fault(where, 'expected "order" to be a list of names');
  const { $schema: _schema, ...rest } = content as unknown as LabelGraphDefinition & { $schema?: unknown };
  return {
    ...rest,
    name: rest.name ?? where,
    labels,
    ...(content.findings !== undefined && readFindings(content, where)),
  };
}

const definitionKeys = ['name', 'version', 'source', 'root', 'extends', 'findings', 'labels', 'order', '$schema'];

function fault(where: string, message: string): LabelGraphError {
  return new LabelGraphError('format', `${where}: ${message}`);
}

function checkKeys(content: Record<string, unknown>, known: readonly string[], where: string): void {
  const strange = Object.keys(content).find((key) => !known.includes(key));
  if (strange === undefined) return;
  throw fault(where, `expected the keys ${known.join(', ')}, got ${strange}; ${didYouMean(strange, known)}remove it`);
}

/** `{ "nodes": […], "parent": { child: parent, several, or null } }`; the nodes may also be called "labels", and "leaves" be listed. */
function fromParents(content: Record<string, unknown>, where: string): LabelGraphDefinition {
  checkKeys(content, ['name', 'source', 'root', 'nodes', 'labels', 'parent', 'leaves', '$schema'], where);
  const nodes = content.nodes ?? content.labels;
  if (!isNames(nodes)) throw fault(where, 'expected "nodes" to be a list of names');
  const parent = content.parent ?? {};
  if (!isRecord(parent)) throw fault(where, 'expected "parent" to be an object of child: parent');
  const known = new Set(nodes);
  const parents = new Map<string, string[]>();
  for (const [child, above] of Object.entries(parent)) {
    const list = [above ?? []].flat();
    if (!isNames(list))
      throw fault(where, `expected the parent of ${JSON.stringify(child)} to be a name, a list or null`);
    if (!known.has(child)) {
      throw new LabelGraphError(
        'unknown-label',
        `${where}: expected every child in "parent" to be a node, got ${JSON.stringify(child)}; ${didYouMean(child, nodes)}add it to "nodes"`,
        [child],
      );
    }
    parents.set(child, list);
  }
  if (content.leaves !== undefined) checkLeaves(content.leaves, nodes, parents, where);
  return {
    name: typeof content.name === 'string' ? content.name : where,
    ...(typeof content.source === 'string' && { source: content.source }),
    ...(typeof content.root === 'string' && { root: content.root }),
    labels: nodes.map((name) => ({ name, parents: parents.get(name) ?? [] })),
  };
}

/** Holds the list of leaves of a hierarchy, where a file has one, against its parents. */
function checkLeaves(
  leaves: unknown,
  nodes: readonly string[],
  parents: ReadonlyMap<string, readonly string[]>,
  where: string,
): void {
  if (!isNames(leaves)) throw fault(where, 'expected "leaves" to be a list of names');
  const inner = new Set([...parents.values()].flat());
  const found = nodes.filter((node) => !inner.has(node));
  if (leaves.length !== found.length || leaves.some((leaf) => !found.includes(leaf)))
    throw fault(
      where,
      `expected "leaves" to be the nodes without children (${found.join(', ')}), got ${leaves.join(', ')}; correct them, or leave the key out`,
    );
}

interface Rule {
  expected: string;
  isSound: (value: unknown) => boolean;
}
const names: Rule = { expected: 'a list of names', isSound: isNames };
const texts: Rule = { expected: 'a list of texts', isSound: isNames };
const umls: Rule = {
  expected: 'a concept such as C0032285',
  isSound: (value) => typeof value === 'string' && /^C\d{7}$/.test(value),
};

const labelRules: Readonly<Record<keyof LabelDefinition, Rule>> = {
  name: { expected: 'a text', isSound: isName },
  parents: names,
  synonyms: texts,
  associatedTerms: texts,
  finding: { expected: 'the name of a finding', isSound: isName },
  umls,
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

const findingRules: Readonly<Record<keyof FindingDefinition, Rule>> = {
  parents: names,
  synonyms: texts,
  associatedTerms: texts,
  umls,
};

/** Checks one label of a file; a plain name stands for a label with nothing else. */
export function readLabel(label: unknown, where: string): LabelDefinition {
  if (isName(label)) return { name: label };
  if (!isRecord(label) || label.name === undefined) {
    const keys = Object.keys(labelRules).join(', ');
    throw fault(where, `expected a name or { ${keys} } with a name, got ${JSON.stringify(label)}`);
  }
  return checked<LabelDefinition>(label, labelRules, where);
}

function readFindings({ findings }: Record<string, unknown>, where: string): Pick<LabelGraphDefinition, 'findings'> {
  if (!isRecord(findings)) {
    throw fault(where, `expected "findings" to be { name: { ${Object.keys(findingRules).join(', ')} } }`);
  }
  const read = Object.entries(findings).map(([name, definition]) => {
    const at = `${where}: findings[${JSON.stringify(name)}]`;
    if (!isName(name)) throw fault(at, 'expected a name, got none');
    if (definition !== null && !isRecord(definition)) {
      throw fault(at, `expected { ${Object.keys(findingRules).join(', ')} }, got ${JSON.stringify(definition)}`);
    }
    return [name, checked<FindingDefinition>(definition ?? {}, findingRules, at)] as const;
  });
  return { findings: Object.fromEntries(read) };
}

/** The record without keys that are undefined, once each key has been checked. */
function checked<T>(record: Record<string, unknown>, rules: Readonly<Record<string, Rule>>, where: string): T {
  const given = Object.entries(record).filter(([, value]) => value !== undefined);
  checkKeys(Object.fromEntries(given), Object.keys(rules), where);
  for (const [key, value] of given) {
    if (!rules[key].isSound(value))
      throw fault(where, `expected "${key}" to be ${rules[key].expected}, got ${JSON.stringify(value)}`);
  }
  return Object.fromEntries(given) as T;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isName);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
