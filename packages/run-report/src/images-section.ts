import type { ReportSection, ReportTable } from '@cxr-align/report';
import type { Duplicates, ImageSummary } from '@cxr-align/curation';

/** What the images of a data set are like, and which of them are the same. */
export function imagesSection({
  checked,
  unreadable,
  width,
  height,
  mean,
  std,
  constant,
  ranges,
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
    rows: examples.map(({ images, count, splits, patients, distance }) => [
      shownImages(images, count),
      splits.join(', '),
      patients.length,
      distance,
    ]),
  });
  return {
    heading: 'Images',
    paragraphs: [
      `${checked} images were checked; ${unreadable.length} cannot be read, ${constant.length} have one grey value alone.`,
      `${sameBytes.groups} groups have the same bytes (${sameBytes.overSplits} of them over several splits), ${nearlySame.groups} groups nearly the same pixels (${nearlySame.overSplits} over several splits).`,
      ...(ranges.warning === null ? [] : [`Warning: ${ranges.warning}.`]),
      ...Object.entries(ranges.remarks).map(([remark, images]) => `${images} images: ${remark}.`),
    ],
    tables: [
      {
        caption: 'Pixel values as they are stored',
        header: ['', 'numbers', 'bits used', 'images', 'for example'],
        rows: ranges.groups.map(({ isDicom, kind, bitsUsed, images, examples }) => [
          isDicom ? 'DICOM' : 'other files',
          kind,
          bitsUsed,
          images,
          examples.join(', '),
        ]),
      },
      {
        caption: 'Sizes and grey values',
        header: ['', 'smallest', 'median', 'largest'],
        rows: [
          spread('width', width),
          spread('height', height),
          spread('mean grey', mean),
          spread('standard deviation', std),
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

/** Images of a group that a table names. */
const mostImages = 8;

function shownImages(images: readonly string[], count: number): string {
  const shown = images.slice(0, mostImages);
  return [...shown, ...(count > shown.length ? [`${count - shown.length} more`] : [])].join(' = ');
}
