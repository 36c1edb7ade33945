import { plainWord } from './columns/cell-values.js';
import cellWords from './data/cell-words.json' with { type: 'json' };
import type { Sample } from './dataset.js';

/** The two directions in which a chest is taken. */
export type Projection = 'frontal' | 'lateral';

/** How the sets write them, in five languages: AP, PA, "AP Supine", AP_horizontal, "antero-posterior"; L, LL, LATERAL. */
const frontal = new RegExp(`^(${cellWords.view.frontal.join('|')})(?![a-z])`);
const lateral = new RegExp(`^(${cellWords.view.lateral.join('|')})(?![a-z])`);

/** The direction that a view's name means; undefined if it names none. */
export function projectionOf(view: string | undefined): Projection | undefined {
  if (view === undefined) return undefined;
  const word = plainWord(view);
  if (frontal.test(word)) return 'frontal';
  return lateral.test(word) ? 'lateral' : undefined;
}

/** Which images of a data set are wanted. */
export interface ImageChoice {
  /** Only images of one direction; those whose view is unknown are excluded then. Default both. */
  projection?: Projection;
  /** Only the first image of each study, after the choice of the direction. Default false. */
  onePerStudy?: boolean;
}

/** The places of the samples that are wanted, and why the others are not. */
export function chooseImages(
  samples: readonly Sample[],
  { projection, onePerStudy = false }: ImageChoice,
): { places: number[]; excluded: { reason: string; images: number }[] } {
  const counts = new Map<string, number>();
  const leave = (reason: string): false => {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return false;
  };
  const studies = new Set<string>();
  const isWanted = ({ view, patient, study }: Sample): boolean => {
    const found = projectionOf(view);
    if (projection !== undefined && found !== projection)
      return leave(found === undefined ? 'their view is not known' : `they are ${found}`);
    if (!onePerStudy) return true;
    const key = `${patient}\n${study}`;
    if (studies.has(key)) return leave('they are further images of a study');
    studies.add(key);
    return true;
  };
  const places = samples.flatMap((sample, at) => (isWanted(sample) ? [at] : []));
  return { places, excluded: [...counts].map(([reason, images]) => ({ reason, images })) };
}
