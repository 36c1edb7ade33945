import { determiningLabels, LabelGraph, labelSet, mapLabels } from '@cxr-align/label-graph';
import { labelGraphChoices, loadGraph } from '@cxr-align/training';
import { printResult } from '../command.js';

/** `graph list`: the label sets. */
export function list({ json }: { json: boolean }): void {
  const sets = labelGraphChoices().map((name) => {
    const { labels, version, source } = new LabelGraph(labelSet(name));
    return { name, version, labels: labels.length, source };
  });
  printResult(json, sets, () => {
    const width = Math.max(...sets.map(({ name }) => name.length));
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
      const determining = determiningLabels(sources);
      const broader = sources.from.filter(({ relation }) => relation === 'broader').map(({ label }) => label);
      const source = !determining
        ? `✗ unknown${broader.length > 0 ? `: only broader ones (${broader.join(', ')})` : ''}`
        : determining.relation === 'same'
          ? `= ${determining.labels.join(', ')}`
          : `⇐ ${determining.labels.join(', ')}`;
      return `${target.padEnd(width)}  ${source}`;
    });
    return [`${to} from ${from} (= the same, ⇐ implied by any of these)`, ...lines].join('\n');
  });
}
