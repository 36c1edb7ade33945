import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset } from '@cxr-align/datasets';
import { countCooccurrence, LabelGraph, labelMatrix, matrixKinds } from '@cxr-align/label-graph';
import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
import { RandomStream } from '@cxr-align/random';

/** What was measured; times in milliseconds. */
export interface GraphTimings {
  labels: number;
  /** All matrices of a fresh graph with several parents, counting 1,000 rows. */
  matrices: { first: number; median: number; byKind: Record<string, number> };
  rows: number;
  /** Reading a table in CheXpert's format, and counting which labels come together in it. */
  readTable: number;
  countTogether: number;
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
const time = (work: () => void): number => {
  const began = performance.now();
  work();
  return performance.now() - began;
};

/** Times the label graph: all matrices of a large one, and counting in a table as long as CheXpert's. */
export async function benchGraph({ labels = 200, rows = 223_414 } = {}): Promise<GraphTimings> {
  const random = new RandomStream({ seed: 0, purpose: 'bench/graph' });
  const definition = {
    name: 'large',
    labels: Array.from({ length: labels }, (_, i) => ({
      name: `n${i}`,
      parents: i < 3 ? [] : [...new Set([`n${random.integer(i)}`, `n${random.integer(i)}`])],
    })),
  };
  const cells = Float32Array.from({ length: labels * 1000 }, () => (random.chance(0.05) ? 1 : 0));
  const kinds: Record<string, number[]> = Object.fromEntries(matrixKinds.map((kind) => [kind, []]));
  const totals = Array.from({ length: 11 }, () => {
    const graph = new LabelGraph(definition);
    return matrixKinds.reduce((sum, kind) => {
      const took = time(() => labelMatrix(kind, graph, cells));
      kinds[kind].push(took);
      return sum + took;
    }, 0);
  });
  return {
    labels,
    matrices: {
      first: totals[0],
      median: median(totals),
      byKind: Object.fromEntries(Object.entries(kinds).map(([kind, times]) => [kind, median(times)])),
    },
    rows,
    ...(await timeTable(rows, random)),
  };
}

async function timeTable(
  rows: number,
  random: RandomStream,
): Promise<Pick<GraphTimings, 'readTable' | 'countTogether'>> {
  const { labels } = new LabelGraph(chexpert14);
  const folder = mkdtempSync(join(tmpdir(), 'bench-graph-'));
  const file = join(folder, 'train.csv');
  const said = ['1.0', '0.0', '-1.0', '', '', ''];
  const lines = Array.from({ length: rows }, (_, i) => {
    const path = `CheXpert-v1.0-small/train/patient${String(i >> 2).padStart(5, '0')}/study${1 + (i & 3)}/view1_frontal.jpg`;
    return [path, 'Male', 60, 'Frontal', 'AP', ...labels.map(() => said[random.integer(said.length)])].join(',');
  });
  writeFileSync(file, [['Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA', ...labels].join(','), ...lines].join('\n'));
  const read: number[] = [];
  const counted: number[] = [];
  for (let i = 0; i < 3; i++) {
    let cells = new Float32Array();
    const began = performance.now();
    cells = (await readDataset(file)).annotations.values as Float32Array<ArrayBuffer>;
    read.push(performance.now() - began);
    counted.push(time(() => countCooccurrence(cells, labels)));
  }
  rmSync(folder, { recursive: true, force: true });
  return { readTable: median(read), countTogether: median(counted) };
}

/** The timings for people. */
export function graphText({ labels, matrices, rows, readTable, countTogether }: GraphTimings): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `all matrices of ${labels} labels with several parents, 1,000 rows counted: ${ms(matrices.median)} (first time ${ms(matrices.first)})`,
    ...Object.entries(matrices.byKind).map(([kind, value]) => `  ${kind.padEnd(14)} ${ms(value).padStart(9)}`),
    `a table of ${rows} rows × 14 labels: read in ${ms(readTable)}, counted together in ${ms(countTogether)} (read and counted: ${((readTable + countTogether) / readTable).toFixed(3)} of reading alone)`,
  ].join('\n');
}
