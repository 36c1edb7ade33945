import { checkProbabilities, checkTargets } from './check-input.js';

/** What confident learning finds in one label. */
export interface ConfidentLearning {
  /**
   * Mean self-confidence of the rows that are given as absent, and as present: from there on a row counts as confidently so. NaN
   * where no row is given so.
   */
  thresholds: { absent: number; present: number };
  /** How many rows are given as the first and are confidently the second. */
  counts: ConfidentCounts;
  /** The counts scaled to all rows: estimated numbers of rows by given and true label. All NaN where a class is missing. */
  joint: ConfidentCounts;
  /** Estimated number of wrong annotations, the two off-diagonal numbers of the joint; NaN where a class is missing. */
  errors: number;
  /** [rows] probability of the given annotation: low where it is probably wrong; NaN where it is unknown. */
  quality: Float64Array;
  /** [rows] 1 where the row is confidently of the other class than given, and that class is the more probable one. */
  suspects: Uint8Array;
}

/** Numbers of rows by given and true label. */
export interface ConfidentCounts {
  absentAbsent: number;
  absentPresent: number;
  presentAbsent: number;
  presentPresent: number;
}

/** What a probability may fall short of a threshold by. */
const slack = 1e-6;

/**
 * Finds annotations of one label that are probably wrong, from probabilities of a model that was not trained on the row:
 * a row is confidently present where its probability reaches the mean probability of the rows that are given as present, and
 * confidently absent where 1 − probability reaches that of the rows given as absent; where both hold, the more probable class counts.
 * Rows given as one and confidently the other are counted, and are the suspects.
 *
 * @param targets [rows]: 1 present, 0 absent, NaN unknown (left out).
 * @param probabilities [rows] in [0, 1], out of fold; NaN leaves the row out.
 * @throws {RangeError} for lists of different lengths, other targets, or probabilities outside [0, 1].
 * @see Northcutt, Jiang and Chuang 2021, Confident Learning, arXiv:1911.00068; cleanlab's one-vs-rest form for many labels, and its
 *   filter `confident_learning`.
 *
 * @example
 * const { suspects, quality } = confidentLearning([1, 1, 0, 0, 0], [0.9, 0.1, 0.2, 0.1, 0.2]);
 * suspects[1]; // 1: given as present, with a probability of 0.1
 */
export function confidentLearning(targets: ArrayLike<number>, probabilities: ArrayLike<number>): ConfidentLearning {
  checkTargets('confidentLearning', { targets, probabilities });
  checkProbabilities('confidentLearning', probabilities);
  const rows = targets.length;
  const quality = Float64Array.from({ length: rows }, (_, row) =>
    targets[row] === 1 ? probabilities[row] : targets[row] === 0 ? 1 - probabilities[row] : NaN,
  );
  const thresholds = { absent: meanQuality(targets, quality, 0), present: meanQuality(targets, quality, 1) };
  const suspects = new Uint8Array(rows);
  const found = [
    [0, 0],
    [0, 0],
  ];
  const given = [0, 0];
  for (let row = 0; row < rows; row++) {
    if (Number.isNaN(quality[row])) continue;
    const target = targets[row];
    given[target]++;
    const probability = probabilities[row];
    const isPresent = probability >= thresholds.present - slack;
    const isAbsent = 1 - probability >= thresholds.absent - slack;
    if (!isPresent && !isAbsent) continue;
    const guess = isPresent && isAbsent ? Number(probability > 0.5) : Number(isPresent);
    found[target][guess]++;
    if (guess !== target && quality[row] < 0.5 - slack / 2) suspects[row] = 1;
  }
  const counts = countsOf(found);
  const isDefined = given[0] > 0 && given[1] > 0;
  // Each class keeps one row that is right, so that no given class vanishes.
  const kept = found.map((row, at) => row.map((value, guess) => (at === guess ? Math.max(1, value) : value)));
  const joint = countsOf(
    kept.map((row, at) => row.map((value) => (isDefined ? (given[at] * value) / (row[0] + row[1]) : NaN))),
  );
  return { thresholds, counts, joint, errors: joint.absentPresent + joint.presentAbsent, quality, suspects };
}

function meanQuality(targets: ArrayLike<number>, quality: Float64Array, target: 0 | 1): number {
  let [sum, count] = [0, 0];
  for (let row = 0; row < quality.length; row++) {
    if (targets[row] !== target || Number.isNaN(quality[row])) continue;
    sum += quality[row];
    count++;
  }
  return sum / count;
}

function countsOf([[absentAbsent, absentPresent], [presentAbsent, presentPresent]]: number[][]): ConfidentCounts {
  return { absentAbsent, absentPresent, presentAbsent, presentPresent };
}
