import { InputError } from '@cxr-align/files';
import { chestFilm, dicomFacts, isDicom, readDicomFacts } from '@cxr-align/image-backbone/images';
import type { ImageSource } from './image-source.js';

/**
 * Refuses what its DICOM header declares not to be a chest film, whatever its file is called; images without such a header pass.
 *
 * @throws {InputError} if it is of another Modality (CT) or Body Part Examined (HAND), or a broken DICOM file.
 */
export async function checkChestFilm(image: ImageSource): Promise<void> {
  const name = typeof image === 'string' ? image : undefined;
  const facts = await factsOf(image);
  const { refusal } = facts ? chestFilm(facts) : {};
  if (refusal !== undefined)
    throw new InputError(`${refusal}; correct its header, or predict it all the same (anyModality)`, { file: name });
}

function factsOf(image: ImageSource) {
  if (typeof image === 'string') return readDicomFacts(image);
  return image instanceof Uint8Array && isDicom(image) ? dicomFacts(image, 'image') : undefined;
}
