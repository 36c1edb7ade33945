import type { FileChecks } from '@cxr-align/curation';
import { headerLines, missingImagesText, sharedImagesText } from '@cxr-align/datasets';

/** What the files of a data set show, in lines for people; nothing of a description of the table alone. */
export function fileCheckLines(files: FileChecks | undefined): string[] {
  if (!files) return [];
  const { places, sharedImages: shared, headers } = files;
  const missing = missingImagesText(places);
  const none = shared.compared === 0 ? [] : [`no image is under two patients, by the bytes of ${shared.compared}`];
  const sharedText = sharedImagesText(shared);
  return [
    ...(missing === undefined ? [] : [`warning: ${missing}`]),
    ...(sharedText === undefined ? none : [sharedText]),
    ...(headers ? headerLines(headers, { isUsed: files.dicomFields }) : []),
  ];
}
