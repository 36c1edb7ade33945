import type { RandomStream } from '@cxr-align/random';
import { smoothNoise, smoothStep, type BodyPoint, type Film } from './film.js';

/** The patient's right side is at negative u, left on the film. */
export type Side = -1 | 1;

/** The build of one chest; lengths in body units. */
export interface Anatomy {
  /** Half the inner width of the rib cage. */
  cage: number;
  /** Height of the lung tips, and of the two domes of the diaphragm. */
  apex: number;
  dome: Record<Side, number>;
  /** Half the width of the heart to the right and to the left of the middle line, and its centre and half height. */
  heartRight: number;
  heartLeft: number;
  heartV: number;
  heartHeight: number;
  /** Half the width of the upper mediastinum. */
  mediastinum: number;
  /** Sideways shift of heart and mediastinum. */
  shift: number;
  female: boolean;
  /** How much fat and muscle lies over everything, around 1. */
  tissue: number;
  /** Height of the first rib at the spine, spacing and slope of the ribs. */
  ribTop: number;
  ribSpacing: number;
  ribSlope: number;
}

/** A normal chest of random build. */
export function drawAnatomy(
  random: RandomStream,
  { female, anteroposterior }: { female: boolean; anteroposterior: boolean },
): Anatomy {
  const vary = (middle: number, spread: number): number => middle + spread * (2 * random.uniform() - 1);
  const cage = vary(female ? 0.7 : 0.76, 0.06);
  const right = vary(0.73, 0.045);
  // On AP films the heart lies further from the film and looks larger.
  const ratio = vary(anteroposterior ? 0.47 : 0.44, 0.035);
  return {
    cage,
    apex: vary(0.13, 0.025),
    dome: { [-1]: right, 1: right + vary(0.02, 0.012) } as Record<Side, number>,
    heartRight: cage * ratio * 0.36,
    heartLeft: cage * ratio * 1.64,
    heartV: right - vary(0.085, 0.015),
    heartHeight: vary(0.155, 0.015),
    mediastinum: vary(0.115, 0.018),
    shift: vary(0, 0.015),
    female,
    tissue: vary(1, 0.18),
    ribTop: vary(0.12, 0.02),
    ribSpacing: vary(0.068, 0.004),
    ribSlope: vary(0.16, 0.05),
  };
}

/** Half the inner width of the rib cage at a height. */
export function cageAt({ cage, apex }: Anatomy, v: number): number {
  const t = Math.min(1, Math.max(0, (v - apex) / 0.42));
  return cage * (0.4 + 0.6 * Math.sqrt(1 - (1 - t) * (1 - t)));
}

/** Height of the diaphragm below a point: a dome that falls steeply to the costophrenic angle. */
export function diaphragmAt(anatomy: Anatomy, u: number): number {
  const x = Math.abs(u) / anatomy.cage;
  const outer = Math.max(0, x - 0.66);
  return (u < 0 ? anatomy.dome[-1] : anatomy.dome[1]) + 0.22 * (x - 0.45) * (x - 0.45) + 0.8 * outer * outer;
}

/** How much of each pixel is lung, [0, 1], for each side. */
export function lungMasks(film: Film, anatomy: Anatomy): Record<Side, Float32Array> {
  const masks = { [-1]: new Float32Array(film.u.length), 1: new Float32Array(film.u.length) } as Record<
    Side,
    Float32Array
  >;
  const soft = 0.012;
  for (let at = 0; at < film.u.length; at++) {
    const u = film.u[at];
    const v = film.v[at];
    const x = Math.abs(u);
    if (x > anatomy.cage + 0.03 || v < anatomy.apex - 0.03) continue;
    const edge = cageAt(anatomy, v);
    const inner = 0.1 + 0.06 * smoothStep(0.2, 0.5, v);
    const top = anatomy.apex + 1.1 * (x - 0.36 * anatomy.cage) * (x - 0.36 * anatomy.cage);
    const cover =
      smoothStep(edge + 2 * soft, edge - 2 * soft, x) *
      smoothStep(inner - 2 * soft, inner + 2 * soft, x) *
      smoothStep(top - soft, top + soft, v) *
      smoothStep(diaphragmAt(anatomy, u) + soft, diaphragmAt(anatomy, u) - soft, v);
    masks[u < 0 ? -1 : 1][at] = cover;
  }
  return masks;
}

/** Points of a rib on one side, from the spine outwards. */
export function ribLine(anatomy: Anatomy, index: number, side: Side): BodyPoint[] {
  const start = anatomy.ribTop + index * anatomy.ribSpacing;
  return Array.from({ length: 15 }, (_, i) => {
    const t = i / 14;
    const v = start + anatomy.ribSlope * (1.5 * t ** 2 - 0.35 * t) * (0.75 + 0.03 * index);
    return [side * (0.06 + t * (cageAt(anatomy, Math.max(v, anatomy.apex + 0.05)) - 0.04)), v];
  });
}

/** Number of ribs drawn on each side. */
export const ribCount = 10;

/** Draws trunk, lungs, heart, mediastinum, spine, ribs, clavicles, vessels: a chest without findings. */
export function drawChest(
  film: Film,
  anatomy: Anatomy,
  lungs: Record<Side, Float32Array>,
  random: RandomStream,
  {
    ribs = (side: Side, index: number): BodyPoint[][] => [ribLine(anatomy, index, side)],
    vesselMask = undefined as Float32Array | undefined,
  } = {},
): void {
  const { cage, tissue, shift } = anatomy;
  const texture = smoothNoise(film.size, 9, random);
  const fine = smoothNoise(film.size, 34, random);
  const breast = anatomy.female ? 0.14 + 0.14 * random.uniform() : 0;
  const breastV = 0.62 + 0.05 * random.uniform();
  film.add((u, v, at) => {
    const x = Math.abs(u);
    // Trunk: shoulders at the top, flanks further down; outside of it there is air.
    const flank = cage * (1.16 + 0.1 * tissue) + 0.25 * smoothStep(0.3, 0.05, v) - 0.05 * smoothStep(0.5, 0.8, v);
    const neck = 0.24 + 1.6 * smoothStep(-0.02, 0.13, v - 0.02 * x);
    const trunk = smoothStep(0.015, -0.015, x - Math.min(flank, neck));
    const lung = lungs[-1][at] + lungs[1][at];
    const abdomen = smoothStep(-0.01, 0.015, v - diaphragmAt(anatomy, u)) * 0.3;
    const tissueThere = trunk * (0.82 * tissue + 0.12 * (1 - x) + abdomen + 0.05 * texture[at]);
    const breasts =
      breast > 0 && lung > 0
        ? breast * lung * smoothStep(1, 0.6, Math.hypot((x - 0.42) / 0.3, (v - breastV) / 0.13))
        : 0;
    if (trunk === 0) return 0;
    return tissueThere - lung * (0.6 + 0.05 * tissue) * (1 + 0.06 * fine[at] + 0.08 * texture[at]) + breasts;
  });
  drawHeart(film, anatomy);
  film.add((u, v) => {
    const middle = Math.abs(u - shift);
    if (middle > 0.4) return 0;
    const wide = anatomy.mediastinum * (1 + 0.25 * smoothStep(0.35, 0.5, v));
    const column = 0.34 * smoothStep(wide + 0.03, wide - 0.03, middle) * smoothStep(0.02, 0.1, v);
    const knob = 0.16 * smoothStep(1.1, 0.8, Math.hypot((u - shift - 0.11) / 0.08, (v - 0.31) / 0.05));
    const trachea = -0.22 * smoothStep(0.05, 0.03, Math.abs(u - shift * 0.5)) * smoothStep(0.4, 0.34, v);
    const vertebrae = 0.07 + 0.05 * Math.cos((2 * Math.PI * v) / 0.062);
    return column + knob + trachea + vertebrae * smoothStep(0.085, 0.06, Math.abs(u)) * smoothStep(0, 0.06, v);
  });
  drawVessels(film, anatomy, lungs, random, vesselMask);
  for (const side of [-1, 1] as const) {
    for (let index = 0; index < ribCount; index++) {
      for (const part of ribs(side, index)) {
        film.stroke(part, { halfWidth: 0.0125, value: 0.1 });
        film.stroke(
          part.map(([u, v]) => [u, v - 0.0115] as const),
          { halfWidth: 0.002, value: 0.05 },
        );
      }
      if (index > 0 && index < 7) film.stroke(frontRib(anatomy, index, side), { halfWidth: 0.014, value: 0.035 });
    }
    const tilt = 0.03 + 0.02 * random.uniform();
    film.stroke(
      Array.from({ length: 9 }, (_, i) => {
        const t = i / 8;
        return [side * (0.07 + 0.72 * t * cage), anatomy.apex + 0.055 - tilt * Math.sin(3 * t) - 0.03 * t] as const;
      }),
      { halfWidth: 0.014, value: 0.19 },
    );
  }
}

/** The anterior end of a rib: it runs inwards and down. */
function frontRib(anatomy: Anatomy, index: number, side: Side): BodyPoint[] {
  const start = anatomy.ribTop + 0.09 + index * anatomy.ribSpacing;
  return Array.from({ length: 8 }, (_, i) => {
    const t = i / 7;
    const v = start + 0.09 * t;
    return [side * (cageAt(anatomy, v) - 0.02 - 0.38 * t), v];
  });
}

function drawHeart(film: Film, anatomy: Anatomy): void {
  const { heartRight, heartLeft, heartV, heartHeight, shift } = anatomy;
  film.add((u, v) => {
    const x = u - shift;
    // The apex points down and to the left.
    const tilted = v - heartV - 0.12 * Math.max(0, x);
    const half = x < 0 ? heartRight : heartLeft;
    if (Math.abs(tilted) > 1.1 * heartHeight || Math.abs(x) > 1.1 * half) return 0;
    const radius = Math.sqrt((x / half) ** 2 + (tilted / heartHeight) ** 2);
    return 0.4 * smoothStep(1.06, 0.92, radius) * smoothStep(0.03, -0.005, v - diaphragmAt(anatomy, u));
  });
}

/** Vessels that branch from the two hila outwards and grow thinner. */
function drawVessels(
  film: Film,
  anatomy: Anatomy,
  lungs: Record<Side, Float32Array>,
  random: RandomStream,
  vesselMask?: Float32Array,
): void {
  for (const side of [-1, 1] as const) {
    const within = vesselMask ? lungs[side].map((cover, at) => cover * vesselMask[at]) : lungs[side];
    const hilum: BodyPoint = [anatomy.shift + side * (anatomy.mediastinum + 0.05), 0.42 + (side === 1 ? -0.015 : 0.01)];
    film.add((u, v, at) => {
      if (Math.abs(u - hilum[0]) > 0.09 || Math.abs(v - hilum[1]) > 0.075) return 0;
      return 0.13 * within[at] * smoothStep(1, 0.2, Math.hypot((u - hilum[0]) / 0.09, (v - hilum[1]) / 0.075));
    });
    for (let branch = 0; branch < 11; branch++) {
      const angle = -1.25 + (2.6 * branch) / 10 + 0.2 * random.normal() * 0.5;
      const length = (0.24 + 0.1 * random.uniform()) * (anatomy.cage / 0.72);
      growVessel(film, hilum, side, angle, length, 0.0065, random, within, 2);
    }
  }
}

function growVessel(
  film: Film,
  [u, v]: BodyPoint,
  side: Side,
  angle: number,
  length: number,
  halfWidth: number,
  random: RandomStream,
  within: Float32Array,
  forks: number,
): void {
  const points: BodyPoint[] = [[u, v]];
  let direction = angle;
  for (let i = 0; i < 5; i++) {
    direction += 0.16 * random.normal();
    const [lastU, lastV] = points[points.length - 1];
    points.push([
      lastU + (side * 2 * Math.cos(direction) * length) / 5 / 1.15,
      lastV + (Math.sin(direction) * length) / 5,
    ]);
  }
  film.stroke(points, { halfWidth, endHalfWidth: halfWidth * 0.4, value: 0.085, within });
  if (forks === 0) return;
  for (const turn of [-0.45, 0.45]) {
    growVessel(film, points[3], side, direction + turn, length * 0.55, halfWidth * 0.55, random, within, forks - 1);
  }
}
