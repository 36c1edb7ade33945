import type { LabelGraph } from './label-graph.js';
import { MeaningGraph } from './meaning-graph.js';

/**
 * How a source label bears on a target label. `same`: they mean the same. `narrower`: the source implies the target, its
 * absence says nothing. `broader`: its presence says nothing; where it is absent, so is the target.
 */
export type LabelRelation = 'same' | 'narrower' | 'broader';

/** A label of the source set that bears on a target label. */
export interface LabelSource {
  label: string;
  relation: LabelRelation;
}

/** For each label of the target set, in its order, what the source set has for it; an empty list where it has nothing. */
export type Crosswalk = Record<string, { from: LabelSource[] }>;

/**
 * The crosswalk between two label sets: which labels of one give a label of the other. Labels are matched by the findings
 * that they name, by name or synonym; both hierarchies and that of the known findings say what implies what.
 *
 * @example
 * mapLabels(new LabelGraph(labelSet('nih-14')), new LabelGraph(labelSet('chexpert-14')))['Lung Lesion'];
 * // { from: [{ label: 'Mass', relation: 'narrower' }, { label: 'Nodule', relation: 'narrower' }] }
 */
export function mapLabels(from: LabelGraph, to: LabelGraph): Crosswalk {
  const meanings = new MeaningGraph([from, to]);
  const sources = from.labels.map((label) => {
    const meaning = meanings.meaning(from, label);
    return { label, meaning, implied: meanings.implied(meaning) };
  });
  return Object.fromEntries(
    to.labels.map((target) => {
      const wanted = meanings.meaning(to, target);
      const implied = meanings.implied(wanted);
      const related = sources.flatMap(({ label, meaning, implied: above }): LabelSource[] => {
        if (meaning === wanted) return [{ label, relation: 'same' }];
        if (above.has(wanted)) return [{ label, relation: 'narrower' }];
        return implied.has(meaning) ? [{ label, relation: 'broader' }] : [];
      });
      related.sort((a, b) => relations.indexOf(a.relation) - relations.indexOf(b.relation));
      return [target, { from: related }];
    }),
  );
}

const relations: readonly LabelRelation[] = ['same', 'narrower', 'broader'];

/** The labels that give a target: those that mean the same, else those that imply it; none where it is unknown. */
export function givingLabels({ from }: Crosswalk[string]): { relation: 'same' | 'narrower'; labels: string[] } | null {
  for (const relation of ['same', 'narrower'] as const) {
    const labels = from.filter((source) => source.relation === relation).map(({ label }) => label);
    if (labels.length > 0) return { relation, labels };
  }
  return null;
}

/** For each target label that the source set gives, in target order, the columns of the source set that give it. */
export function givingColumns(
  crosswalk: Crosswalk,
  sourceLabels: readonly string[],
): { label: string; columns: number[] }[] {
  return Object.entries(crosswalk).flatMap(([label, sources]) => {
    const giving = givingLabels(sources);
    return giving ? [{ label, columns: giving.labels.map((one) => sourceLabels.indexOf(one)) }] : [];
  });
}

/** Probabilities of the target labels that a source set gives. */
export interface MappedScores {
  /** The labels, in target order. */
  labels: string[];
  /** [rows, labels] row by row. */
  values: Float32Array;
  /** For each of them the columns of the source set that it was taken from. */
  columns: number[][];
}

/**
 * Probabilities of a model in the labels of another set: of the label that means the same, else the largest of those that
 * imply it. A target that the model has no label for, or only broader ones, is left out.
 *
 * @param probabilities [rows, source labels] row by row, in the order of `sourceLabels`.
 */
export function mapProbabilities(
  probabilities: ArrayLike<number>,
  sourceLabels: readonly string[],
  crosswalk: Crosswalk,
): MappedScores {
  const given = givingColumns(crosswalk, sourceLabels);
  const rows = probabilities.length / sourceLabels.length;
  const values = new Float32Array(rows * given.length);
  for (let row = 0; row < rows; row++) {
    given.forEach(({ columns }, i) => {
      values[row * given.length + i] = Math.max(
        ...columns.map((column) => probabilities[row * sourceLabels.length + column]),
      );
    });
  }
  return { labels: given.map(({ label }) => label), values, columns: given.map(({ columns }) => columns) };
}

/**
 * Label cells (1 present, 0 absent, −1 uncertain, NaN not known) in the labels of another set; what cannot be told is NaN.
 * A label that means the same gives its cell. Else one that implies the target gives its presence or doubt, and one that
 * the target implies gives its absence.
 *
 * @param cells [rows, source labels] row by row, in the order of `sourceLabels`.
 * @returns [rows, target labels] row by row, in the order of the crosswalk.
 */
export function mapCells(
  cells: ArrayLike<number>,
  sourceLabels: readonly string[],
  crosswalk: Crosswalk,
): { labels: string[]; values: Float32Array } {
  const targets = Object.entries(crosswalk).map(([label, { from }]) => {
    const columns = (relation: LabelRelation): number[] =>
      from.filter((one) => one.relation === relation).map((one) => sourceLabels.indexOf(one.label));
    return { label, same: columns('same'), narrower: columns('narrower'), broader: columns('broader') };
  });
  const rows = cells.length / sourceLabels.length;
  const values = new Float32Array(rows * targets.length);
  for (let row = 0; row < rows; row++) {
    const cellsOf = (columns: readonly number[]): number[] =>
      columns.map((column) => cells[row * sourceLabels.length + column]);
    targets.forEach(({ same, narrower, broader }, i) => {
      values[row * targets.length + i] =
        same.length > 0 ? anyOf(cellsOf(same)) : told(cellsOf(narrower), cellsOf(broader));
    });
  }
  return { labels: targets.map(({ label }) => label), values };
}

/** What several labels say together of one that is all of them: present if any is. */
function anyOf(cells: readonly number[]): number {
  if (cells.includes(1)) return 1;
  if (cells.includes(-1)) return -1;
  return cells.includes(0) && !cells.some(Number.isNaN) ? 0 : NaN;
}

function told(narrower: readonly number[], broader: readonly number[]): number {
  if (narrower.includes(1)) return 1;
  if (broader.includes(0)) return 0;
  return narrower.includes(-1) ? -1 : NaN;
}
