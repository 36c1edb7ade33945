import type { Localisation } from '@cxr-align/evaluation';
import type { MapKind } from './label-maps.js';

/** What is known of the maps of a label: whether their largest value lies in a box more often than the middle of the image does. */
export type MapVerdict =
  | 'better than a centre map'
  | 'not shown to be better than a centre map'
  | 'no better than a centre map'
  | 'too few images'
  | 'not measured';

/** How well the maps of a kind point at a label, as it was measured. */
export interface MapEvidence {
  verdict: MapVerdict;
  /** The same in a sentence. */
  text: string;
  /** Images with boxes of the label. */
  images?: number;
  /** Share of them in which the largest value of the map lies in a box (pointing game). */
  pointing?: number;
  /** The same of a map of the centre, which knows nothing of the image. */
  centre?: number;
  /** What it was measured on. */
  data?: string;
}

/** An evaluation whose maps were compared with boxes. */
export interface MeasuredMaps {
  /** Data set and split. */
  data: string;
  localisation: Localisation;
}

/** Images below which no statement is made about a label's maps. */
const fewest = 10;

/**
 * What was measured of the maps of a label, on the evaluation with the most images of it: no better than a centre map where they point
 * into a box no more often on 10 images or more, better by a one-sided sign test at 5 %.
 */
export function mapEvidence(measured: readonly MeasuredMaps[], kind: MapKind, label: string): MapEvidence {
  const found = measured
    .flatMap(({ data, localisation: { kinds } }) => {
      const own = kinds[kind]?.labels[label];
      const centre = kinds.centre?.labels[label]?.pointing;
      return own && own.pointing !== null && centre != null ? [{ data, own, pointing: own.pointing, centre }] : [];
    })
    .sort((a, b) => b.own.images - a.own.images)[0];
  if (!found)
    return {
      verdict: 'not measured',
      text: `not measured: whether ${kind} maps of ${label} show where it is, no evaluation with boxes says`,
    };
  const { data, own, pointing, centre } = found;
  const verdict = verdictOf(own, centre);
  const share = (value: number): string => `${(100 * value).toFixed(0)} %`;
  const text = `${verdict}: the largest value of ${kind} maps lies in a box of ${label} in ${share(pointing)} of ${own.images} images of ${data}, that of a centre map in ${share(centre)}`;
  return { verdict, text, images: own.images, pointing, centre, data };
}

type LabelLocalisation = Localisation['kinds'][string]['labels'][string];

function verdictOf({ images, pointing, onlyMap, onlyCentre }: LabelLocalisation, centre: number): MapVerdict {
  if (images < fewest) return 'too few images';
  if (pointing! <= centre) return 'no better than a centre map';
  const isShown = onlyMap !== undefined && onlyCentre !== undefined && signTest(onlyMap, onlyCentre) < 0.05;
  return isShown ? 'better than a centre map' : 'not shown to be better than a centre map';
}

/** One-sided p of so many wins or more among wins and losses of a fair coin. */
function signTest(wins: number, losses: number): number {
  const n = wins + losses;
  let [term, sum] = [1, 0];
  for (let k = 0; k <= losses; k++) {
    sum += term;
    term = (term * (n - k)) / (k + 1);
  }
  return sum / 2 ** n;
}
