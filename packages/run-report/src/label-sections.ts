import { figureGrid, type ReportSection, type ReportTable } from '@cxr-align/report';
import {
  type Evaluation,
  type LabelEvaluation,
  type MaybeNumber,
  type OperatingPoint,
  fixed,
  labelsByVerdict,
  signed,
  thresholdText,
  verdictSentence,
} from '@cxr-align/evaluation';
import {
  aurocScale,
  differenceScale,
  range,
  scoreText,
  stripCell,
  stripHead,
  verdictTones,
  withRange,
} from './cells.js';
import { drawnLabels } from './drawn-labels.js';
import { type DrawnModel, type LabelFigure, labelFigures } from './label-figures.js';

/** Where the section of a label stands on the page, by the place of the label. */
export function labelPlace(place: number): string {
  return `label-${place}`;
}

/** Figures of several labels as one, by the name of its file. */
export type Plates = Readonly<Record<string, () => string>>;

/** Each label in a section of its own that opens: figures, operating points, groups and numbers; what can be used first. */
export function labelSections(model: DrawnModel, evaluation: Evaluation): { section: ReportSection; plates: Plates } {
  const names = model.predictions.labels;
  const { places, note } = drawnLabels(names.map((label) => evaluation.labels[label].positives));
  const drawn = new Map(places.map((place) => [names[place], labelFigures(model, evaluation, place)]));
  const section: ReportSection = {
    heading: 'Labels, one by one',
    id: 'labels',
    paragraphs: [
      'A label opens by its name. Operating points: how much of what is there is found (sensitivity), how much of what is absent is left alone (specificity), and, at a prevalence, how often a call is right (PPV), how often no call is right (NPV), how many of 100 images are called, how many calls are read for each that is right, and the net benefit: true calls less false ones, weighed by the threshold, of use where it is above 0 and above that of calling all images (in brackets). Of the first threshold the label is called; the others were fitted on validation, too. The label is taken alone there: what the label graph makes of decisions is left out. Intervals: 95 %, patients as clusters.',
      ...(note === '' ? [] : [`Figures are of ${note}.`]),
    ],
    canFilter: true,
    sections: labelsByVerdict(evaluation).map(([label, scores]) => ({
      heading: label,
      id: labelPlace(names.indexOf(label)),
      isFolded: true,
      note: {
        text: `${scores.verdict}; AUROC ${scoreText(scores, scores.auroc) ?? 'undefined'}; ${scores.positives} with`,
        tone: verdictTones[scores.verdict],
      },
      paragraphs: [verdictSentence(label, scores)],
      figures: drawn.get(label),
      tables: [...operatingTable(scores), ...groupTable(label, evaluation)],
      sections: [{ heading: 'More numbers', facts: numbersOf(scores) }],
    })),
  };
  return { section, plates: platesOf(drawn) };
}

/** The same figure of all labels side by side, for files. */
export function platesOf(drawn: ReadonlyMap<string, readonly LabelFigure[]>): Plates {
  const names = [...new Set([...drawn.values()].flatMap((figures) => figures.map(({ plate }) => plate)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      () =>
        figureGrid(
          [...drawn].flatMap(([caption, figures]) =>
            figures.filter(({ plate }) => plate === name).map(({ svg }) => ({ svg, caption })),
          ),
        ),
    ]),
  );
}

/** What thresholds mean for a label. */
function operatingTable({ operatingPoints, positives, negatives }: LabelEvaluation): ReportTable[] {
  const prevalence = operatingPoints[0]?.prevalence ?? null;
  if (prevalence === null) return [];
  return [
    {
      caption: `Operating points: ${positives} with, ${negatives} without; prevalence ${percent(prevalence)}`,
      header: [
        'rule',
        'threshold',
        'sensitivity (95 %)',
        'specificity (95 %)',
        'PPV (95 %)',
        'NPV (95 %)',
        'LR+, LR−',
        'called of 100',
        'read for each found',
        'net benefit (of all)',
      ],
      rows: operatingPoints.map((point: OperatingPoint) => [
        point.rule,
        thresholdText(point.threshold),
        withRange(point.sensitivity, point.sensitivityCi),
        withRange(point.specificity, point.specificityCi),
        withRange(point.precision, point.precisionCi),
        withRange(point.negativePredictiveValue, point.negativePredictiveValueCi),
        ratiosText(point),
        fixed(point.alarmsPer100, 1),
        fixed(point.numberNeededToRead, 1),
        benefitText(point),
      ]),
    },
  ];
}

/** The likelihood ratios of a call and of no call; null where neither is defined. */
function ratiosText({ likelihoodRatioPositive: call, likelihoodRatioNegative: none }: OperatingPoint): string | null {
  return call === null && none === null ? null : `${fixed(call, 2) ?? '–'}, ${fixed(none, 2) ?? '–'}`;
}

/** The net benefit beside that of calling all images; null in evaluations of earlier versions. */
function benefitText({ netBenefit = null, netBenefitOfAll = null }: OperatingPoint): string | null {
  if (netBenefit === null || netBenefitOfAll === null) return null;
  return `${signed(netBenefit)} (${signed(netBenefitOfAll)})`;
}

/** Who is found less often than others, where groups have enough images. */
function groupTable(label: string, { fairness }: Evaluation): ReportTable[] {
  const rows = fairness.flatMap(({ attribute, labels }) =>
    Object.entries(labels[label]?.groups ?? {}).flatMap(([group, scores]) =>
      scores.small ? [] : [{ name: `${attribute} ${group}`, ...scores }],
    ),
  );
  if (rows.length === 0) return [];
  const scale = differenceScale(rows.map(({ gapToRestCi }) => gapToRestCi));
  return [
    {
      caption: 'Groups: sensitivity at the threshold, against all images in other groups',
      header: ['group', 'with', 'AUROC', 'sensitivity', 'false positive rate', stripHead(scale), 'difference (95 %)'],
      rows: rows.map((row) => [
        row.name,
        row.positives,
        fixed(row.auroc),
        fixed(row.truePositiveRate),
        fixed(row.falsePositiveRate),
        stripCell([{ value: row.gapToRest, low: row.gapToRestCi[0], high: row.gapToRestCi[1] }], scale),
        withRange(row.gapToRest, row.gapToRestCi),
      ]),
    },
  ];
}

/** Numbers of a label that need no table. */
function numbersOf(scores: LabelEvaluation): [string, string][] {
  const { reliability, conformal } = scores;
  const few = reliability === 'enough' ? '' : `${reliability} images: read no number closely`;
  const covered = conformal
    ? `if present ${fixed(conformal.coveredPresent) ?? '–'}, if absent ${fixed(conformal.coveredAbsent) ?? '–'}; undecided ${fixed(conformal.undecided) ?? '–'}; promised ${1 - conformal.alpha}`
    : null;
  const all: [string, string | null][] = [
    ['mind', few === '' ? null : few],
    ['AUROC', withRange(scores.auroc, scores.aurocCi, 3)],
    [
      'AUROC, other intervals',
      joined([named('BCa', range(scores.aurocBca, 3)), named('DeLong', range(scores.aurocDelong, 3))]),
    ],
    ['partial AUROC', fixed(scores.partialAuroc)],
    ['average precision', withRange(scores.averagePrecision, scores.averagePrecisionCi, 3)],
    [
      'as decided',
      joined([
        named('PPV', fixed(scores.precision)),
        named('NPV', fixed(scores.negativePredictiveValue)),
        named('F1', fixed(scores.f1)),
      ]),
    ],
    [
      'probabilities',
      joined([
        named('Brier score', fixed(scores.brier)),
        named('log loss', fixed(scores.logLoss)),
        named('ECE', fixed(scores.ece)),
        named('adaptive ECE', fixed(scores.adaptiveEce)),
      ]),
    ],
    ['sets that hold the truth', covered],
  ];
  return all.filter((row): row is [string, string] => row[1] !== null && row[1] !== '');
}

function named(name: string, value: string | null): string | null {
  return value === null ? null : `${name} ${value}`;
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(', ');
}

/** A share for people. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Whether predictive values hold for another prevalence than that of these images. */
export function isPrevalenceGiven({ operatingPoints, positives, negatives }: LabelEvaluation): boolean {
  const prevalence = operatingPoints[0]?.prevalence ?? null;
  return prevalence !== null && Math.abs(prevalence - positives / (positives + negatives)) > 1e-9;
}

/** How many of 100 images are called, as decided, at the prevalence requested. */
function calledOf100({ operatingPoints, sensitivity, specificity }: LabelEvaluation): MaybeNumber {
  const prevalence = operatingPoints[0]?.prevalence ?? null;
  if (prevalence === null || sensitivity === null || specificity === null) return null;
  return 100 * (sensitivity * prevalence + (1 - specificity) * (1 - prevalence));
}

/** All labels at once: AUROC with its interval drawn, for the first screen. */
export function verdictTable(evaluation: Evaluation, names: readonly string[]): ReportTable {
  const sorted = labelsByVerdict(evaluation);
  const scale = aurocScale(sorted.map(([, { aurocCi }]) => aurocCi[0]));
  const isAsked = sorted.some(([, scores]) => isPrevalenceGiven(scores));
  return {
    caption: `Interval of the AUROC: lines at 0.5 (chance), 0.7 and 1. Called: of 100 images, at the prevalence ${isAsked ? 'asked for' : 'of these images'}.`,
    isStacked: true,
    canFilter: true,
    header: ['label', 'verdict', stripHead(scale), 'AUROC', '95 %', 'with', 'threshold', 'called', 'in words'],
    rows: sorted.map(([label, scores]) => [
      { text: label, href: `#${labelPlace(names.indexOf(label))}` },
      { text: scores.verdict, tone: verdictTones[scores.verdict] },
      stripCell(
        [
          {
            value: scores.auroc,
            low: scores.aurocCi[0],
            high: scores.aurocCi[1],
            isSmall: scores.reliability === 'too few',
          },
        ],
        scale,
      ),
      scoreText(scores, scores.auroc),
      range(scores.aurocCi),
      scores.positives,
      thresholdText(scores.threshold),
      scores.reliability === 'too few' ? null : fixed(calledOf100(scores), 0),
      verdictSentence(label, scores),
    ]),
  };
}
