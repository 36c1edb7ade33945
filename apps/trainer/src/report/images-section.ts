import type { ReportSection, ReportTable } from '@cxr-align/report';
import type { Duplicates, ImageSummary } from '../data/image-summary.js';

/** What the images of a data set are like, and which of them are the same. */
export function imagesSection({
  checked,
  unreadable,
  width,
  height,
  mean,
  deviation,
  constant,
  sameBytes,
  nearlySame,
}: ImageSummary): ReportSection {
  const spread = (name: string, of: ImageSummary['width']): (string | number | null)[] => [
    name,
    of && Number(of.min.toFixed(1)),
    of && Number(of.median.toFixed(1)),
    of && Number(of.max.toFixed(1)),
  ];
  const table = (caption: string, { examples }: Duplicates): ReportTable => ({
    caption,
    header: ['images', 'splits', 'patients', 'bits of 256 that differ'],
    rows: examples.map(({ images, splits, patients, distance }) => [
      images.join(' = '),
      splits.join(', '),
      patients.length,
      distance,
    ]),
  });
  return {
    heading: 'Images',
    paragraphs: [
      `${checked} images were looked at; ${unreadable.length} cannot be read, ${constant.length} have one grey value alone.`,
      `${sameBytes.groups} groups have the same bytes (${sameBytes.overSplits} of them over several splits), ${nearlySame.groups} pairs nearly the same pixels (${nearlySame.overSplits} over several splits).`,
    ],
    tables: [
      {
        caption: 'Sizes and grey values',
        header: ['', 'smallest', 'median', 'largest'],
        rows: [
          spread('width', width),
          spread('height', height),
          spread('mean grey', mean),
          spread('deviation', deviation),
        ],
      },
      ...(sameBytes.groups > 0 ? [table('The same bytes', sameBytes)] : []),
      ...(nearlySame.groups > 0 ? [table('Nearly the same pixels', nearlySame)] : []),
      ...(unreadable.length > 0
        ? [
            {
              caption: 'Images that cannot be read',
              header: ['why'],
              rows: unreadable.slice(0, 50).map((reason) => [reason]),
            },
          ]
        : []),
    ],
  };
}
