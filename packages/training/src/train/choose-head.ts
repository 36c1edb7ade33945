import {
  alignFolds,
  featuresOf,
  type FittedHead,
  type HeadOptions,
  type HeadProblem,
  heads,
  outOfFold,
  subProblem,
} from '@cxr-align/heads';
import { bootstrapModels, clusterRows, meanDefined, percentileInterval, RankedScores } from '@cxr-align/metrics';

/** A head that nested cross-validation tried. */
export interface TriedHead {
  name: string;
  /** Macro AUROC of out-of-fold predictions of the training images; null where it is undefined. */
  auroc: number | null;
  /** Its 95 % interval over patients. */
  interval: [number, number] | null;
  /** Share of bootstrap resamples of patients in which it has the highest macro AUROC. */
  wins: number;
}

/** How many bootstrap resamples of patients a choice rests on. */
const resamples = 1000;

/**
 * Chooses among heads by nested cross-validation by patient: each is fitted to the images of the other folds, its own choices included.
 * The simplest candidate is taken that the data do not separate from the best one: where the 95 % interval of their difference over patients
 * reaches 0.
 *
 * @param candidates the simplest first.
 * @returns the head that was taken, fitted to all images, with the table of what was tried among its settings (`choice`).
 */
export function chooseHead(problem: HeadProblem, options: HeadOptions, candidates: readonly string[]): FittedHead {
  const { labels, onProgress } = problem;
  const all = candidates.map((name, at) =>
    outOfFold(problem, { folds: options.folds, purpose: 'auto' }, (training, held, fold) => {
      onProgress?.((0.8 * (at + fold / options.folds)) / candidates.length);
      return heads.get(name).fit(subProblem(problem, training), options).scores(featuresOf(problem, held));
    }),
  );
  const [first] = all;
  const tried = first
    ? compare(
        problem,
        candidates,
        // Folds are ranked together as if each model had seen as many images with a label.
        all.map((one) => alignFolds(one!.scores, one!.foldOf, labels.length)),
      )
    : undefined;
  const taken = tried?.taken ?? candidates[0];
  const head = heads.get(taken).fit({ ...problem, onProgress: (share) => onProgress?.(0.8 + 0.2 * share) }, options);
  const lines = tried
    ? [
        `tried by nested cross-validation (${first!.folds} folds by patient) on the training images, macro AUROC with 95 % over patients:`,
        ...tried.rows.map(
          ({ name, auroc, interval, wins }) =>
            `  ${name}: ${auroc?.toFixed(3) ?? 'undefined'}${interval ? ` (${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})` : ''}, best in ${(100 * wins).toFixed(0)} % of ${resamples} resamples of patients`,
        ),
        taken === tried.best
          ? `taken: ${taken}, the best of them${tried.isClear ? '' : ', which the data do not separate from all others'}`
          : `taken: ${taken}, the simplest that the data do not separate from the best one (${tried.best})`,
      ]
    : [`taken: ${taken}, the simplest: there is one patient alone, so that nothing can be compared`];
  return {
    ...head,
    labels,
    settings: { ...head.settings, choice: { taken, tried: tried?.rows ?? [] } },
    remarks: [...lines, ...head.remarks],
  };
}

interface Compared {
  rows: TriedHead[];
  taken: string;
  best: string;
  /** Whether the data separate the best one from every other. */
  isClear: boolean;
}

/** Compares scores of the same images; undefined where no label has both classes. */
function compare(
  { labels, targets, groups, seed }: HeadProblem,
  names: readonly string[],
  scores: readonly Float64Array[],
): Compared | undefined {
  const columnOf = (values: ArrayLike<number>, label: number): number[] =>
    Array.from(groups, (_, row) => values[row * labels.length + label]);
  const ranked = scores.map((own) =>
    labels.map((_, label) => new RankedScores(columnOf(targets, label).map(asClass), columnOf(own, label))),
  );
  const means = ranked.map((own) => meanDefined(own.map((one) => one.measure().auroc)));
  if (means.some(Number.isNaN)) return undefined;
  const drawn = bootstrapModels(ranked, clusterRows(groups), { resamples, seed }).map(({ auroc }) => auroc.macro);
  const best = means.reduce((most, mean, at) => (mean > means[most] ? at : most), 0);
  const wins = names.map(() => 0);
  for (let draw = 0; draw < resamples; draw++) {
    const most = drawn.reduce((top, own, at) => (own[draw] > drawn[top][draw] ? at : top), 0);
    wins[most]++;
  }
  const isBelow = names.map((_, at) => {
    if (at === best) return false;
    const [low] = percentileInterval(drawn[best].map((value, draw) => value - drawn[at][draw]));
    return low > 0;
  });
  return {
    rows: names.map((name, at) => {
      const [low, high] = percentileInterval(drawn[at]);
      return { name, auroc: means[at], interval: [low, high], wins: wins[at] / resamples };
    }),
    taken: names[isBelow.findIndex((below) => !below)],
    best: names[best],
    isClear: isBelow.every((below, at) => below || at === best),
  };
}

/** Soft targets are unknown to AUROC. */
function asClass(target: number): number {
  return target === 0 || target === 1 ? target : NaN;
}
