import { intervalPlot, type ReportFigure, type ReportSection, type ReportTable } from '@cxr-align/report';
import { type Evaluation, fixed } from '@cxr-align/evaluation';
import { withRange } from './cells.js';
import { drawnLabels } from './drawn-labels.js';

type Attribute = Evaluation['fairness'][number];

/** Who is missed more often than others; nothing where no attribute is known. */
export function fairnessSections({ fairness, labels }: Evaluation): ReportSection[] {
  if (fairness.length === 0) return [];
  const names = Object.keys(labels);
  const { places, note } = drawnLabels(names.map((name) => labels[name].positives));
  const drawn = new Set(places.map((place) => names[place]));
  return [
    {
      heading: 'Groups',
      id: 'groups',
      paragraphs: [
        'Rates at the threshold that all groups share. Groups with fewer than 20 images with the label, or without it, are too few to tell and left out. For No Finding the false positive rate is the rate of under-diagnosis.',
        ...(note === '' ? [] : [`Figures are of ${note}.`]),
      ],
      figures: fairness.flatMap((attribute) => rateFigure(attribute, drawn)),
      sections: fairness.map((attribute) => ({
        heading: `By ${attribute.attribute}`,
        isFolded: true,
        tables: [groupTable(attribute)],
      })),
    },
  ];
}

/** The rates of groups with enough images; nothing where no label has two of them to hold against each other. */
function rateFigure({ attribute, labels }: Attribute, drawn: ReadonlySet<string>): ReportFigure[] {
  const rates = Object.entries(labels).flatMap(([label, { groups }]) => {
    const readable = Object.entries(groups).filter(
      ([, { small, truePositiveRate }]) => !small && truePositiveRate !== null,
    );
    if (!drawn.has(label) || readable.length < 2) return [];
    return readable.map(([series, { truePositiveRate: value }]) => ({ label, series, value, low: null, high: null }));
  });
  if (rates.length === 0) return [];
  return [
    {
      svg: intervalPlot(rates, { title: `Sensitivity by ${attribute}`, axis: 'sensitivity', domain: [0, 1] }),
      description: `Share of the images with a label that are called, by ${attribute}`,
    },
  ];
}

function groupTable({ attribute, labels, missing }: Attribute): ReportTable {
  const rows = Object.entries(labels).flatMap(([label, { groups, worst }]) =>
    Object.entries(groups).map(([group, scores]) => ({ label, group, isWorst: group === worst, ...scores })),
  );
  const readable = rows.filter(({ small }) => !small);
  const left = rows.length - readable.length;
  const remarks = [
    missing > 0 && `${missing} images without it are in no group`,
    left > 0 &&
      `${left} of ${rows.length} rows have too few images to tell and are not shown; evaluation.json has them`,
  ].filter((one) => one !== false);
  return {
    caption: [`By ${attribute}`, ...remarks].join('; '),
    canFilter: true,
    header: [
      'label',
      'group',
      'images',
      'with',
      'AUROC',
      'sensitivity',
      'false positive rate',
      'to the median (95 %)',
      'to all others (95 %)',
      '',
    ],
    rows: readable.map((s) => [
      s.label,
      s.group,
      s.images,
      s.positives,
      fixed(s.auroc),
      fixed(s.truePositiveRate),
      fixed(s.falsePositiveRate),
      withRange(s.gapToMedian, s.gapToMedianCi),
      withRange(s.gapToRest, s.gapToRestCi),
      s.isWorst ? 'lowest' : '',
    ]),
  };
}
