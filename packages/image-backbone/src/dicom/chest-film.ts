import type { DicomFacts } from './dicom-facts.js';
import terms from './chest-film-terms.json' with { type: 'json' };

/** Whether a header's terms are those of a chest film. */
export interface ChestFilm {
  /** Why it is none, by a term of the standard. */
  refusal?: string;
  /** Terms that neither say so nor exclude it. */
  remarks: string[];
}

/** Terms are compared without regard to case, spaces and marks: `Port Chest`, `L-SPINE`. */
function termOf(text: string | undefined): string {
  return (text ?? '')
    .normalize('NFD')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
}

const { modality: modalities, bodyPart: parts } = terms;
const has = (list: readonly string[], term: string): boolean => list.includes(term);

/**
 * Whether a DICOM image is a chest film, as its header has it: of another Modality (CT, MG) or another Body Part Examined (HAND)
 * that the standard defines it is none; a missing one and a word that the standard does not know leave it open.
 *
 * @see DICOM PS3.3 C.7.3.1.1.1, PS3.16 Annex L.
 */
export function chestFilm({ modality, bodyPart }: Pick<DicomFacts, 'modality' | 'bodyPart'>): ChestFilm {
  const [kind, part] = [termOf(modality), termOf(bodyPart)];
  if (has(modalities.other, kind))
    return { refusal: `expected a chest radiograph (Modality CR or DX), got Modality ${kind}`, remarks: [] };
  if (has(parts.other, part))
    return { refusal: `expected a chest radiograph (Body Part Examined CHEST), got ${part}`, remarks: [] };
  const remarks: string[] = [];
  if (kind !== '' && !has(modalities.radiograph, kind))
    remarks.push(
      `Modality ${shown(modality)} ${has(modalities.unclear, kind) ? 'may be' : 'is not known to be'} a film`,
    );
  const isChest = has(parts.chest, part) || parts.chestWords.some((word) => part.includes(word));
  if (part !== '' && !isChest) remarks.push(`Body Part Examined ${shown(bodyPart)} is not known to be the chest`);
  return { remarks };
}

/** A term as it is written: short by the standard, and free text where a device does not follow it. */
function shown(text: string | undefined): string {
  return JSON.stringify((text ?? '').slice(0, 16));
}
