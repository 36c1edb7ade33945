import type { ReportSection, ReportTable } from '@cxr-align/report';
import { type Evaluation, type Interval, type MaybeNumber, fixed, fixedRange } from '@cxr-align/evaluation';

/** What prompts make possible, where it was computed: labels never trained, maps, and retrieval both ways. */
export function promptSections({ zeroShot, localisation, retrieval }: Evaluation): ReportSection[] {
  return [
    ...(zeroShot ? [zeroShotSection(zeroShot)] : []),
    ...(localisation ? [localisationSection(localisation)] : []),
    {
      heading: 'Retrieval',
      paragraphs: [
        'Each image is a query for its labels, and each label for its images: R@k is the share of queries with a hit among the first k answers, P@k the share of right ones among them.',
      ],
      tables: [retrievalTable(retrieval)],
    },
  ];
}

function zeroShotSection(zeroShot: NonNullable<Evaluation['zeroShot']>): ReportSection {
  return {
    heading: 'Labels that were never trained',
    paragraphs: [
      'Told by their prompts and their place in the label graph. Where the difference to the score of the label above is not above 0 with its whole interval, nothing supports that the prompts add anything.',
    ],
    tables: [
      {
        caption: 'AUROC of labels that were never trained',
        header: ['label', 'AUROC', '95 %', 'prompts alone', 'label above', 'its AUROC', 'difference', '95 %'],
        rows: Object.entries(zeroShot).map(([label, one]) => [
          label,
          fixed(one.auroc),
          fixedRange(one.aurocCi),
          fixed(one.promptAuroc),
          one.parent,
          fixed(one.parentAuroc),
          fixed(one.difference),
          fixedRange(one.differenceCi),
        ]),
      },
    ],
  };
}

function localisationSection({ boxes, images, kinds }: NonNullable<Evaluation['localisation']>): ReportSection {
  const score = (value: MaybeNumber, range: Interval): string | null => {
    const interval = fixedRange(range);
    return value === null ? null : `${fixed(value)}${interval === null ? '' : ` (${interval})`}`;
  };
  return {
    heading: 'Where in the picture',
    paragraphs: [
      `Maps of ${images} images against the boxes of ${boxes}: the share of maps whose largest value lies in a box (pointing game), the overlap of the box read off the map with the nearest one, and the share of the map inside. A map says something where it beats random ones and a bell in the middle.`,
    ],
    tables: [
      {
        caption: 'Maps, means over labels',
        header: ['map', 'pointing game', 'overlap', 'share inside'],
        rows: Object.entries(kinds).map(([kind, one]) => [
          kind,
          score(one.pointing, one.pointingCi),
          score(one.iou, one.iouCi),
          score(one.inside, one.insideCi),
        ]),
      },
    ],
  };
}

function retrievalTable({ imageToLabel, labelToImage }: Evaluation['retrieval']): ReportTable {
  return {
    caption: 'Retrieval',
    header: ['', ...Object.keys(imageToLabel)],
    rows: [
      ['images to labels', ...Object.values(imageToLabel).map((value) => fixed(value))],
      ['labels to images', ...Object.values(labelToImage).map((value) => fixed(value))],
    ],
  };
}
