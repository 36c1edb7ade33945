import { closureMatrix, drawTree, LabelGraph, pathDistances, wuPalmer } from '@cxr-align/label-graph';
import {
  labelGraphFormats,
  readLabelGraph,
  writeLabelGraph,
  type LabelGraphFormat,
} from '@cxr-align/label-graph/formats';
import { registerBuiltInLabelSets } from '@cxr-align/training';
import type { Parser } from '../judge.js';
import { json, utf8 } from './text.js';

const graph = (): LabelGraph =>
  new LabelGraph({
    name: 'mine',
    labels: [
      { name: 'Lung Opacity', group: true },
      { name: 'Edema', parents: ['Lung Opacity'], synonyms: ['oedema'], weight: 2 },
      { name: 'Pneumonia', parents: ['Lung Opacity'], prompts: { positive: ['pneumonia'], negative: ['none'] } },
      { name: 'Mass', descriptors: ['round'], umls: 'C0032285' },
    ],
    order: ['Mass', 'Edema', 'Pneumonia'],
  });

const more: Record<LabelGraphFormat, Uint8Array[]> = {
  json: [
    json({ nodes: ['A', 'B', 'C'], parent: { B: 'A', C: ['A', 'B'] } }),
    json(['A', 'B']),
    json({
      name: 'x',
      extends: 'nih-14',
      labels: [{ name: 'Cyst', finding: 'Cyst' }],
      findings: { Cyst: { parents: ['lung lesion'] } },
    }),
  ],
  yaml: [utf8('name: x\nlabels:\n  - &a { name: A }\n  - name: B\n    parents: [A]\n')],
  gexf: [],
  graphml: [],
};

/** Everything that reads, draws and writes a graph. */
async function read(file: string, bytes: Uint8Array): Promise<void> {
  const found = readLabelGraph(new TextDecoder().decode(bytes), file);
  drawTree(found);
  if (found.labels.length > 300) return;
  for (const matrix of [pathDistances, wuPalmer, closureMatrix]) matrix(found);
  for (const label of found.names) found.ancestors(label).concat(found.descendants(label));
  for (const format of labelGraphFormats) writeLabelGraph(found, format);
}

registerBuiltInLabelSets();

/** The formats of label graphs. */
export const graphParsers: readonly Parser[] = labelGraphFormats.map((format) => ({
  name: `graph-${format}`,
  grammar: format === 'json' || format === 'yaml' ? format : 'xml',
  file: `input.${format}`,
  seeds: async () => [utf8(writeLabelGraph(graph(), format)), ...more[format]],
  parse: read,
}));
