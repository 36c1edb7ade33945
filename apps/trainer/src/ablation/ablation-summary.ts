import {
  bootstrapModels,
  bootstrapP,
  clusterRows,
  holm,
  meanDefined,
  percentileInterval,
  RankedScores,
  smallestDetectableDifference,
  standardDeviation,
} from '@cxr-align/metrics';
import type { AblationPlan, PlannedRun } from './ablation-grid.js';
import { checkSame } from '../evaluation/comparison.js';
import type { Interval, MaybeNumber } from '../evaluation/evaluation-schema.js';
import { fixed, orNull } from '../maybe-number.js';
import { columnOf, type Predictions } from '../evaluation/predictions.js';

/** One configuration on one size of the training set, against the baseline of that size. */
export interface AblationRow {
  configuration: string;
  trainCount: number | null;
  /** Macro AUROC of each seed, and their mean. */
  bySeed: MaybeNumber[];
  auroc: MaybeNumber;
  /** 95 %, by patient, the seeds averaged in each draw. */
  aurocCi: Interval;
  /** Mean difference to the baseline over the seeds, and of each seed. */
  difference: MaybeNumber;
  differenceBySeed: MaybeNumber[];
  /** 95 %, likewise. */
  differenceCi: Interval;
  p: MaybeNumber;
  /** Corrected for the number of configurations (Holm). */
  pHolm: MaybeNumber;
  /** The smallest difference that these images would have shown with a power of 80 %. */
  detectable: MaybeNumber;
  /** Whether the data support a difference: p after correction below 5 %, and every seed on the same side. */
  verdict: 'baseline' | 'better' | 'worse' | 'no difference supported';
}

/** The content of `summary.json`. */
export interface AblationSummary {
  data: string;
  baseline: string;
  seeds: number[];
  samples: number;
  patients: number;
  rows: AblationRow[];
  method: string;
}

/** Predictions of a finished run. */
export interface FinishedRun {
  run: PlannedRun;
  predictions: Predictions;
}

/**
 * Holds every configuration against the baseline.
 *
 * @throws {InputError} if the runs were evaluated on different samples.
 */
export function summarizeAblation(
  data: string,
  { baseline, configurations, trainCounts, seeds }: AblationPlan,
  finished: readonly FinishedRun[],
  draws: number,
): AblationSummary {
  const [first] = finished;
  for (const one of finished.slice(1)) {
    checkSame(
      { name: nameOf(first.run), predictions: first.predictions },
      { name: nameOf(one.run), predictions: one.predictions },
    );
  }
  const { labels, samples, targets } = first.predictions;
  const clusters = clusterRows(samples.map(({ patient }) => patient));
  const truth = labels.map((_, i) => columnOf(targets, labels.length, i));
  const ranked = finished.map(({ predictions }) =>
    truth.map((y, i) => new RankedScores(y, columnOf(predictions.probabilities, labels.length, i))),
  );
  const drawn = bootstrapModels(ranked, clusters, { draws }).map(({ auroc }) => auroc.macro);
  const place = (configuration: string, trainCount: number | null): number[] =>
    seeds.map((seed) =>
      finished.findIndex(
        ({ run }) => run.configuration === configuration && run.trainCount === trainCount && run.seed === seed,
      ),
    );
  const macro = (model: number): number => meanDefined(ranked[model].map((one) => one.auroc()));
  const mean = (values: readonly number[]): number => meanDefined([...values]);
  const rows = trainCounts.flatMap((trainCount) => {
    const base = place(baseline, trainCount);
    const ofSize = configurations.map((configuration): AblationRow => {
      const own = place(configuration, trainCount);
      const differences = own.map((model, i) => macro(model) - macro(base[i]));
      const eachDraw = (value: (draw: number) => number): Float64Array =>
        Float64Array.from({ length: draws }, (_, draw) => value(draw));
      const differenceDraws = eachDraw((draw) =>
        mean(own.map((model, i) => drawn[model][draw] - drawn[base[i]][draw])),
      );
      const interval = (values: Float64Array): Interval => percentileInterval(values).map(orNull) as Interval;
      const isBaseline = configuration === baseline;
      return {
        configuration,
        trainCount,
        bySeed: own.map((model) => orNull(macro(model))),
        auroc: orNull(mean(own.map(macro))),
        aurocCi: interval(eachDraw((draw) => mean(own.map((model) => drawn[model][draw])))),
        difference: isBaseline ? null : orNull(mean(differences)),
        differenceBySeed: isBaseline ? [] : differences.map(orNull),
        differenceCi: isBaseline ? [null, null] : interval(differenceDraws),
        p: isBaseline ? null : orNull(bootstrapP(differenceDraws)),
        pHolm: null,
        detectable: isBaseline ? null : orNull(smallestDetectableDifference(standardDeviation(differenceDraws))),
        verdict: isBaseline ? 'baseline' : 'no difference supported',
      };
    });
    const others = ofSize.filter(({ verdict }) => verdict !== 'baseline');
    holm(others.map(({ p }) => p ?? NaN)).forEach((p, i) => {
      const row = others[i];
      row.pHolm = orNull(p);
      const sides = new Set(row.differenceBySeed.map((value) => Math.sign(value ?? 0)));
      if (p < 0.05 && sides.size === 1) row.verdict = row.difference! > 0 ? 'better' : 'worse';
    });
    return ofSize;
  });
  return {
    data,
    baseline,
    seeds,
    samples: samples.length,
    patients: clusters.count,
    rows,
    method: `macro AUROC, mean over ${seeds.length} seeds; intervals: 95 %, ${draws} bootstrap draws of ${clusters.count} patients; p by bootstrap, Holm over ${configurations.length - 1} configurations; a difference counts as supported if the corrected p is below 0.05 and every seed is on the same side`,
  };
}

function nameOf({ configuration, trainCount, seed }: PlannedRun): string {
  return `${configuration}${trainCount === null ? '' : ` (${trainCount})`}, seed ${seed}`;
}

/** What the summary comes to, in a sentence or two. */
export function ablationLead({ rows, baseline }: Pick<AblationSummary, 'rows' | 'baseline'>): string {
  const others = rows.filter(({ verdict }) => verdict !== 'baseline');
  const hasSizes = rows.some(({ trainCount }) => trainCount !== null);
  const list = new Intl.ListFormat('en-GB');
  const said = new Map<string, string[]>();
  for (const { configuration, verdict, trainCount } of others) {
    if (verdict === 'no difference supported') continue;
    const claim = `${configuration} is ${verdict} than ${baseline}`;
    said.set(claim, [...(said.get(claim) ?? []), trainCount === null ? 'all' : String(trainCount)]);
  }
  if (said.size === 0)
    return `None of ${others.length} configurations differs from ${baseline} as far as these images tell.`;
  const claims = [...said].map(([claim, sizes]) => (hasSizes ? `${claim} with ${list.format(sizes)} images` : claim));
  const rest = others.length - [...said.values()].flat().length;
  return `${claims.join('; ')}.${rest > 0 ? ` Of ${rest} more these images support no difference.` : ''}`;
}

/** The summary as a table: for terminals, pages and the report alike. */
export function ablationCells({ rows, baseline }: AblationSummary): { header: string[]; rows: (string | null)[][] } {
  const hasSizes = rows.some(({ trainCount }) => trainCount !== null);
  const signed = (value: MaybeNumber): string | null =>
    value === null ? null : `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(3)}`;
  const text = { baseline: 'the baseline', better: `better than ${baseline}`, worse: `worse than ${baseline}` };
  return {
    header: [
      'configuration',
      ...(hasSizes ? ['images'] : []),
      'macro AUROC',
      '95 %',
      'by seed',
      'difference',
      '95 % of it',
      'p (Holm)',
      'detectable',
      'do the data support a difference?',
    ],
    rows: rows.map((row) => [
      row.configuration,
      ...(hasSizes ? [row.trainCount === null ? 'all' : String(row.trainCount)] : []),
      fixed(row.auroc),
      row.aurocCi[0] === null ? null : `${fixed(row.aurocCi[0])} to ${fixed(row.aurocCi[1])}`,
      row.bySeed.map((value) => fixed(value) ?? '–').join(' '),
      signed(row.difference),
      row.differenceCi[0] === null ? null : `${signed(row.differenceCi[0])} to ${signed(row.differenceCi[1])}`,
      row.pHolm !== null && row.pHolm < 0.001 ? '< 0.001' : fixed(row.pHolm),
      fixed(row.detectable),
      row.verdict === 'no difference supported' ? 'no' : text[row.verdict],
    ]),
  };
}
