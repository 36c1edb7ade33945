import { givingLabels, LabelGraph, labelSet, labelSetNames, mapLabels } from '@cxr-align/label-graph';
import { loadGraph } from '../../labels/label-knowledge.js';
import { printResult } from '../command.js';

/** `graph list`: the shipped label sets. */
export function list({ json }: { json: boolean }): void {
  const sets = labelSetNames.map((name) => {
    const { labels, version, source } = new LabelGraph(labelSet(name));
    return { name, version, labels: labels.length, source };
  });
  printResult(json, sets, () => {
    const width = Math.max(...labelSetNames.map((name) => name.length));
    return sets
      .map(
        ({ name, version, labels, source }) =>
          `${name.padEnd(width)}  ${String(labels).padStart(3)} labels  ${version}: ${source}`,
      )
      .join('\n');
  });
}

/** `graph map`: the crosswalk between two label sets. */
export function map({ json, from, to }: { json: boolean; from: string; to: string }): void {
  const crosswalk = mapLabels(loadGraph(from), loadGraph(to));
  printResult(json, crosswalk, () => {
    const width = Math.max(...Object.keys(crosswalk).map((label) => label.length));
    const lines = Object.entries(crosswalk).map(([target, sources]) => {
      const giving = givingLabels(sources);
      const broader = sources.from.filter(({ relation }) => relation === 'broader').map(({ label }) => label);
      const said = !giving
        ? `✗ unknown${broader.length > 0 ? `: only broader ones (${broader.join(', ')})` : ''}`
        : giving.relation === 'same'
          ? `= ${giving.labels.join(', ')}`
          : `⇐ ${giving.labels.join(', ')}`;
      return `${target.padEnd(width)}  ${said}`;
    });
    return [`${to} from ${from} (= the same, ⇐ implied by any of these)`, ...lines].join('\n');
  });
}
