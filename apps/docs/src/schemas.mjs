// Reference pages of what has a schema: the configuration and evaluation.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configKeys, presets } from '@cxr-align/training';
import { root } from '../../../tools/scripts/workspace.mjs';

/** The pages as Markdown: `source` where each would lie, and its `text`. */
export function schemaPages() {
  return [
    { source: 'apps/docs/reference/configuration.md', text: configurationPage() },
    { source: 'apps/docs/reference/evaluation-json.md', text: evaluationPage() },
  ];
}

const code = (text) => `\`${text}\``;

function configurationPage() {
  const groups = Map.groupBy?.(configKeys(), groupOf) ?? groupedBy(configKeys(), groupOf);
  const sections = [...groups].map(([group, keys]) => `## ${group}\n\n${keys.map(keyItem).join('\n')}`);
  const rows = Object.entries(presets).map(
    ([name, settings]) => `| \`${name}\` | ${settingsOf(settings).map(code).join(', ') || 'all defaults'} |`,
  );
  return `---
order: 2
---

# Configuration

Every key of a training, with its default. In a script: \`resolveConfig({ preset: 'aligned', epochs: 12, image: { size: 128 } })\`. On the command line the common keys are flags of [train](command/train.md); all are set by \`--set image.size=128\`, in a YAML or JSON file given as \`--config\`, or in the grid of [ablate](command/ablate.md). Later ones win: preset, file, \`--set\`, flags. An unknown key or value is refused with the nearest name. This page is made from the schema; \`cxr-align train --help-config\` prints the same.

## Presets

| preset | what it sets |
| --- | --- |
${rows.join('\n')}

${sections.join('\n\n')}
`;
}

const groupOf = ({ key }) => (key.includes('.') ? key.split('.')[0] : 'Keys without a group');

function groupedBy(list, keyOf) {
  const groups = new Map();
  for (const one of list) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}

function keyItem({ key, default: value, description, choices, range }) {
  const notes = [
    `default \`${JSON.stringify(value)}\``,
    range,
    choices && `one of ${choices.map(code).join(', ')}`,
  ].filter(Boolean);
  return `- \`${key}\` · ${notes.join(' · ')}  \n  ${description}.`;
}

/** Settings in settings as key=value. */
function settingsOf(settings, path = '') {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? settingsOf(value, `${path}${name}.`)
      : [`${path}${name}=${JSON.stringify(value)}`],
  );
}

const schemaFile = 'packages/evaluation/evaluation.schema.json';

function evaluationPage() {
  const schema = JSON.parse(readFileSync(join(root, schemaFile), 'utf8'));
  const required = new Set(schema.required);
  const rest = Object.entries(schema.properties);
  return `---
order: 4
---

# evaluation.json

What [evaluate](command/evaluate.md) and [train](command/train.md) write, and \`run.evaluate()\` returns. Scores that are undefined are \`null\`: a label with only one class has no AUROC, is named in \`undefinedLabels\` and is left out of the means. This page is made from the [JSON schema](/${schemaFile}), which \`cxr-align evaluate --schema\` prints.

${rest.map(([name, type]) => `## ${name}\n\n${typeWords(type)}${required.has(name) ? '' : ', where it applies'}${type.description ? `: ${type.description}` : ''}\n\n${fieldsOf(type, '').join('\n')}`).join('\n\n')}
`;
}

/** The fields of a type, an item each; of an object by label those of one label. */
function fieldsOf(type, indent) {
  const inner = innerOf(type);
  const required = new Set(inner?.required);
  return Object.entries(inner?.properties ?? {}).flatMap(([name, field]) => [
    `${indent}- \`${name}\` · ${typeWords(field)}${required.has(name) ? '' : ' · where it applies'}${field.description ? `  \n${indent}  ${field.description}` : ''}`,
    ...fieldsOf(field, `${indent}  `),
  ]);
}

function innerOf(type) {
  const [some] = (type.anyOf ?? []).filter(({ type: kind }) => kind !== 'null');
  if (some) return innerOf(some);
  if (type.properties) return type;
  if (typeof type.additionalProperties === 'object') return innerOf(type.additionalProperties);
  if (type.items && typeof type.items === 'object') return innerOf(type.items);
  return undefined;
}

function typeWords(type) {
  if (type.enum) return type.enum.map((one) => code(JSON.stringify(one))).join(', ');
  if (type.const !== undefined) return code(JSON.stringify(type.const));
  if (type.anyOf) return [...new Set(type.anyOf.map(typeWords))].join(' or ');
  if (Array.isArray(type.type)) return type.type.join(' or ');
  if (type.prefixItems) return `[${type.prefixItems.map(typeWords).join(', ')}]`;
  if (type.type === 'array') return `list of ${type.items ? typeWords(type.items) : 'values'}`;
  if (type.type === 'object' && !type.properties && typeof type.additionalProperties === 'object')
    return `object by name, of ${typeWords(type.additionalProperties)}`;
  return type.type ?? 'anything';
}
