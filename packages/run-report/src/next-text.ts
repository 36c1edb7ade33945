import type { NextImages, ReadAnnotations } from '@cxr-align/curation';

/** Images that are printed. */
const shown = 20;

/** What was chosen, for a terminal. */
export function nextText({ method, source, labelled, candidates, missing, remarks, images }: NextImages): string {
  const how =
    method === 'representatives'
      ? 'the middle of each cluster of the features (no model yet)'
      : `unsure, unlike what is labelled, of rare labels, by ${source}`;
  return [
    `${images.length} of ${candidates} images without labels, the best first: ${how}`,
    `${labelled} images have labels already and are left out`,
    ...(missing.count > 0
      ? [`${missing.count} images have no features and cannot be chosen: ${missing.images.slice(0, 5).join(', ')}`]
      : []),
    ...remarks,
    ...images.slice(0, shown).map(({ image }, i) => `${String(i + 1).padStart(3)}. ${image}`),
    ...(images.length > shown ? [`and ${images.length - shown} more: write them to a file (out)`] : []),
  ].join('\n');
}

/** What came back from Label Studio, for a terminal. */
export function readAnnotationsText(found: ReadAnnotations): string {
  const { images, added, changed, open, unknownLabels, unknownImages, remarks } = found;
  const labels = Object.entries(unknownLabels).map(([label, count]) => `${label} (${count})`);
  return [
    `${images} images were labelled: ${added} annotations added, ${changed} changed; ${open} tasks have no submitted annotation`,
    ...(labels.length > 0 ? [`labels that the data set does not have, not used: ${labels.join(', ')}`] : []),
    ...(unknownImages.length > 0
      ? [
          `${unknownImages.length} images that the data set does not have, not used: ${unknownImages.slice(0, 5).join(', ')}`,
        ]
      : []),
    ...remarks,
  ].join('\n');
}
