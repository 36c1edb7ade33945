import type { Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { decodeImage, encodePng, resizePixels } from '@cxr-align/image-backbone';
import { thumbnails, type ReportPage, type Thumbnail } from '@cxr-align/report';
import type { Suspect, SuspectLabels } from '@cxr-align/curation';

/** Suspects in the table of a page; all of them are in the CSV. */
const mostRows = 1000;

/** Pixels along a side of a thumbnail; its borders are black where the image is not square. */
const thumbnail = { size: 128, fit: 'pad' } as const;

const kindNames: Readonly<Record<Suspect['kinds'][number], string>> = {
  hierarchy: 'contradicts the hierarchy',
  duplicate: 'the same image has another label',
  model: 'the model disagrees',
  neighbours: 'similar images disagree',
};

/**
 * A page of annotations that are probably wrong.
 *
 * @param options.images small images of the first suspects, see {@link suspectImages}; patients' images stay in the page.
 */
export function suspectsReport(
  { name, images, annotations, source, kinds, labels, remarks, suspects }: SuspectLabels,
  { images: small = [] }: { images?: readonly Thumbnail[] } = {},
): ReportPage {
  const shown = suspects.slice(0, mostRows);
  return {
    title: `${name}: annotations to check`,
    lead: `${suspects.length} of ${annotations} annotations of ${images} images are suspects. Each needs a look by someone who can read the image: a suspect is not an error yet.`,
    notices: small.length > 0 ? ['This page contains images of patients.'] : [],
    facts: [
      ['Probabilities', source],
      ...Object.entries(kinds).map(([kind, count]): [string, string] => [
        kindNames[kind as Suspect['kinds'][number]],
        String(count),
      ]),
    ],
    sections: [
      ...(small.length > 0
        ? [
            {
              heading: 'Images',
              figures: [
                {
                  svg: thumbnails(small, { columns: 4 }),
                  description: `The ${small.length} most doubtful annotations, the first one first`,
                },
              ],
            },
          ]
        : []),
      {
        heading: 'Suspects',
        paragraphs: shown.length < suspects.length ? [`The first ${shown.length} of ${suspects.length}.`] : [],
        tables: [
          {
            caption: 'The most doubtful annotations first',
            isStacked: true,
            canFilter: true,
            header: ['', 'image', 'label', 'given', 'probability', 'suspicion', 'why'],
            rows: shown.map((one, i) => [
              i + 1,
              one.image,
              one.label,
              one.annotated ? one.given : `${one.given} (by the label policy)`,
              one.probability === null ? null : one.probability.toFixed(3),
              one.suspicion.toFixed(3),
              one.reasons.join('; '),
            ]),
          },
        ],
      },
      {
        heading: 'Labels',
        paragraphs: [
          'Estimated errors: how many annotations are wrong by the joint of given and true labels that confident learning estimates from the probabilities. It is a guess where the model is weak.',
        ],
        tables: [
          {
            caption: 'Suspects of each label',
            header: ['label', 'present', 'absent', 'suspects', 'estimated errors'],
            rows: Object.entries(labels).map(([label, found]) => [
              label,
              found.positives,
              found.negatives,
              found.suspects,
              found.estimatedErrors === null ? null : Number(found.estimatedErrors.toFixed(1)),
            ]),
          },
        ],
      },
      ...(remarks.length > 0 ? [{ heading: 'Remarks', paragraphs: remarks }] : []),
    ],
  };
}

/** Small images of the first suspects; one that cannot be read is left out. @param count of suspects. */
export async function suspectImages(
  { suspects }: Pick<SuspectLabels, 'suspects'>,
  { samples }: Pick<Dataset, 'samples'>,
  count: number,
): Promise<{ images: Thumbnail[]; unreadable: string[] }> {
  const images: Thumbnail[] = [];
  const unreadable: string[] = [];
  const byId = new Map(samples.map(({ id, image }) => [id, image]));
  for (const [i, { image: id, label, given, probability }] of suspects.slice(0, count).entries()) {
    const image = byId.get(id)!;
    try {
      const pixels = await (typeof image === 'string' ? decodeImage(image, thumbnail) : resizePixels(image, thumbnail));
      images.push({
        png: await encodePng(pixels, { width: thumbnail.size, height: thumbnail.size }),
        caption: [
          `${i + 1}. ${label}`,
          `${given}, predicted ${probability === null ? 'nothing' : probability.toFixed(3)}`,
          id.split('/').slice(-1)[0],
        ],
      });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      unreadable.push(id);
    }
  }
  return { images, unreadable };
}
