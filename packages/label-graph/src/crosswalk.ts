import { checkRows } from './check-rows.js';
import { ConceptGraph } from './concept-graph.js';
import type { LabelGraph } from './label-graph.js';

/**
 * How a source label relates to a target label. `same`: they mean the same. `narrower`: the source implies the target, its
 * absence implies nothing. `broader`: its presence implies nothing; where it is absent, so is the target.
 */
export type LabelRelation = 'same' | 'narrower' | 'broader';

/** A label of the source set that is related to a target label. */
export interface LabelSource {
  label: string;
  relation: LabelRelation;
}

/** For each label of the target set, in its order, what the source set has for it; an empty list where it has nothing. */
export type Crosswalk = Record<string, { from: LabelSource[] }>;

/**
 * The crosswalk between two label sets: which labels of one determine a label of the other. Labels are matched by the
 * findings that they stand for, by name or synonym; both hierarchies and those of the vocabularies determine what implies
 * what.
 *
 * @example
 * mapLabels(new LabelGraph(nih14), new LabelGraph(chexpert14))['Lung Lesion'];
 * // { from: [{ label: 'Mass', relation: 'narrower' }, { label: 'Nodule', relation: 'narrower' }] }
 */
export function mapLabels(from: LabelGraph, to: LabelGraph): Crosswalk {
  const concepts = new ConceptGraph([from, to]);
  const sources = from.labels.map((label) => {
    const concept = concepts.concept(from, label);
    return { label, concept, implied: concepts.implied(concept) };
  });
  return Object.fromEntries(
    to.labels.map((target) => {
      const wanted = concepts.concept(to, target);
      const implied = concepts.implied(wanted);
      const bearing = sources.flatMap(({ label, concept, implied: above }): LabelSource[] => {
        if (concept === wanted) return [{ label, relation: 'same' }];
        if (above.has(wanted)) return [{ label, relation: 'narrower' }];
        return implied.has(concept) ? [{ label, relation: 'broader' }] : [];
      });
      bearing.sort((a, b) => relations.indexOf(a.relation) - relations.indexOf(b.relation));
      return [target, { from: bearing }];
    }),
  );
}

const relations: readonly LabelRelation[] = ['same', 'narrower', 'broader'];

/** The labels that determine a target: those that mean the same, else those that imply it; null where there are none. */
export function determiningLabels({
  from,
}: Crosswalk[string]): { relation: 'same' | 'narrower'; labels: string[] } | null {
  for (const relation of ['same', 'narrower'] as const) {
    const labels = from.filter((source) => source.relation === relation).map(({ label }) => label);
    if (labels.length > 0) return { relation, labels };
  }
  return null;
}

/**
 * For each target label that the source set determines, in target order, the columns of the source set that determine it.
 *
 * @throws {RangeError} if a label of the crosswalk is none of `sourceLabels`.
 */
export function determiningColumns(
  crosswalk: Crosswalk,
  sourceLabels: readonly string[],
): { label: string; columns: number[] }[] {
  const columnOf = columnLookup('label-graph/determiningColumns', sourceLabels);
  return Object.entries(crosswalk).flatMap(([label, sources]) => {
    const found = determiningLabels(sources);
    return found ? [{ label, columns: found.labels.map(columnOf) }] : [];
  });
}

function columnLookup(where: string, sourceLabels: readonly string[]): (label: string) => number {
  const columns = new Map(sourceLabels.map((label, i) => [label, i]));
  return (label) => {
    const column = columns.get(label);
    if (column !== undefined) return column;
    throw new RangeError(
      `${where}: expected the source labels of the crosswalk, got none named ${JSON.stringify(label)}; pass the label order that the crosswalk was made from`,
    );
  };
}

/** Probabilities of the target labels that a source set determines. */
export interface MappedScores {
  /** The labels, in target order. */
  labels: string[];
  /** [rows, labels] row by row. */
  values: Float64Array;
  /** For each of them the columns of the source set that it was taken from. */
  columns: number[][];
}

/**
 * Probabilities of a model in the labels of another set: of the label that means the same, else the largest of those that
 * imply it. A target that the model has no label for, or only broader ones, is excluded.
 *
 * @param probabilities [rows, source labels] row by row, in the order of `sourceLabels`.
 * @throws {RangeError} if they do not fill rows, or if `sourceLabels` are not those of the crosswalk.
 */
export function mapProbabilities(
  probabilities: ArrayLike<number>,
  sourceLabels: readonly string[],
  crosswalk: Crosswalk,
): MappedScores {
  checkRows('label-graph/mapProbabilities', 'probabilities', probabilities, sourceLabels);
  const determined = determiningColumns(crosswalk, sourceLabels);
  const rows = probabilities.length / Math.max(1, sourceLabels.length);
  const values = new Float64Array(rows * determined.length);
  for (let row = 0; row < rows; row++) {
    determined.forEach(({ columns }, i) => {
      values[row * determined.length + i] = Math.max(
        ...columns.map((column) => probabilities[row * sourceLabels.length + column]),
      );
    });
  }
  return { labels: determined.map(({ label }) => label), values, columns: determined.map(({ columns }) => columns) };
}

/**
 * Annotations (1 present, 0 absent, −1 uncertain, NaN unknown) in the labels of another set; what cannot be inferred is NaN.
 * A label that means the same gives its value. Else one that implies the target gives its presence or uncertainty, and one
 * that the target implies gives its absence.
 *
 * @param annotations [rows, source labels] row by row, in the order of `sourceLabels`.
 * @returns [rows, target labels] row by row, in the order of the crosswalk.
 * @throws {RangeError} if they do not fill rows, or if `sourceLabels` are not those of the crosswalk.
 */
export function mapAnnotations(
  annotations: ArrayLike<number>,
  sourceLabels: readonly string[],
  crosswalk: Crosswalk,
): { labels: string[]; values: Float32Array } {
  const where = 'label-graph/mapAnnotations';
  checkRows(where, 'annotations', annotations, sourceLabels);
  const columnOf = columnLookup(where, sourceLabels);
  const targets = Object.entries(crosswalk).map(([label, { from }]) => {
    const columns = (relation: LabelRelation): number[] =>
      from.filter((one) => one.relation === relation).map((one) => columnOf(one.label));
    return { label, same: columns('same'), narrower: columns('narrower'), broader: columns('broader') };
  });
  const rows = annotations.length / Math.max(1, sourceLabels.length);
  const values = new Float32Array(rows * targets.length);
  for (let row = 0; row < rows; row++) {
    const valuesOf = (columns: readonly number[]): number[] =>
      columns.map((column) => annotations[row * sourceLabels.length + column]);
    targets.forEach(({ same, narrower, broader }, i) => {
      values[row * targets.length + i] =
        same.length > 0 ? anyOf(valuesOf(same)) : inferred(valuesOf(narrower), valuesOf(broader));
    });
  }
  return { labels: targets.map(({ label }) => label), values };
}

/** Several labels of one concept taken together: present if any is. */
function anyOf(values: readonly number[]): number {
  if (values.includes(1)) return 1;
  if (values.includes(-1)) return -1;
  return values.includes(0) && !values.some(Number.isNaN) ? 0 : NaN;
}

function inferred(narrower: readonly number[], broader: readonly number[]): number {
  if (narrower.includes(1)) return 1;
  if (broader.includes(0)) return 0;
  return narrower.includes(-1) ? -1 : NaN;
}
