import { readSex, type ImageHeader } from '@cxr-align/datasets';
import { InputError, sha256 } from '@cxr-align/files';
import { chestFilm, readDicomFacts } from '@cxr-align/image-backbone/images';

/** Patient IDs that identify no one. */
const isPlaceholder = /^(|0+|x+|-+|n\/?a|none|null|unknown|anon\w*|de-?identified|removed|test)$/i;

/** What the DICOM header of an image has; undefined where it is no DICOM file, is not there, or is broken. */
export async function imageHeader(path: string): Promise<ImageHeader | undefined> {
  try {
    const facts = await readDicomFacts(path);
    if (!facts) return undefined;
    const { patientId = '', sex, ageYears, view, modality, bodyPart } = facts;
    return {
      ...(!isPlaceholder.test(patientId) && { patient: `dicom-${sha256(patientId).slice(0, 16)}` }),
      sex: readSex(sex ?? ''),
      ...(ageYears !== undefined && { age: ageYears }),
      ...(view !== undefined && { view }),
      ...(modality !== undefined && { modality }),
      ...(bodyPart !== undefined && { bodyPart }),
      ...chestFilm(facts),
    };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
