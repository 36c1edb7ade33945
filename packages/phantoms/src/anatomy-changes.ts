import type { RandomStream } from '@cxr-align/random';
import { cageAt, ribCount, ribLine, type Anatomy, type Side } from './anatomy.js';
import { smoothStep, type BodyPoint, type Film, type PixelBox, unite } from './film.js';
import { between, pickSide, type Scene } from './scene.js';

/** Changes the build where a finding is one of size or place; returns the boxes of those findings. */
export function changeAnatomy(
  film: Film,
  anatomy: Anatomy,
  present: ReadonlySet<string>,
  random: RandomStream,
): Map<string, PixelBox[]> {
  const boxes = new Map<string, PixelBox[]>();
  if (present.has('Cardiomegaly')) {
    const wanted = anatomy.cage * between(random, 0.57, 0.7);
    const grow = wanted / ((anatomy.heartLeft + anatomy.heartRight) / 2);
    anatomy.heartLeft *= grow;
    anatomy.heartRight *= grow;
    anatomy.heartHeight *= 1 + 0.35 * (grow - 1);
    const { heartLeft, heartRight, heartV, heartHeight, shift } = anatomy;
    boxes.set('Cardiomegaly', [
      film.boxAround([
        [shift - heartRight, heartV - heartHeight],
        [shift + heartLeft, heartV + heartHeight],
      ]),
    ]);
  }
  if (present.has('Enlarged Cardiomediastinum')) {
    // Without a large heart it is the upper mediastinum that is wide.
    if (!present.has('Cardiomegaly') || random.chance(0.3)) anatomy.mediastinum *= between(random, 1.55, 2);
    const wide = anatomy.mediastinum;
    const upper = film.boxAround([
      [anatomy.shift - wide, 0.18],
      [anatomy.shift + wide, 0.45],
    ]);
    boxes.set('Enlarged Cardiomediastinum', [unite([upper, ...(boxes.get('Cardiomegaly') ?? [])])]);
  }
  if (present.has('Atelectasis')) {
    const side = pickSide(random);
    anatomy.dome[side] -= between(random, 0.055, 0.1);
    anatomy.shift += side * between(random, 0.015, 0.04);
  }
  return boxes;
}

/** A collapsed lung: a mask that has no vessels beyond the pleural line, and how to draw it. */
export function preparePneumothorax({ film, anatomy, lungs, random }: Scene): {
  vessels: Float32Array;
  draw: () => PixelBox[];
} {
  const side = pickSide(random);
  const gap = between(random, 0.09, 0.24);
  const beyond = new Float32Array(film.u.length);
  const line = new Float32Array(film.u.length);
  for (let at = 0; at < beyond.length; at++) {
    const v = film.v[at];
    const low = smoothStep(0.72, 0.3, v);
    // The distance from the chest wall, or from the tip of the lung, at which the pleural line runs.
    if (lungs[side][at] === 0) continue;
    const fromWall = Math.max(0, cageAt(anatomy, v) - Math.abs(film.u[at]));
    const fromTip = Math.max(0, 1.5 * (v - anatomy.apex));
    const inside = Math.cbrt(1 / (1 / (fromWall ** 3 + 1e-9) + 1 / (fromTip ** 3 + 1e-9)));
    const edge = gap * (0.25 + 0.75 * low) * smoothStep(0.8, 0.62, v);
    beyond[at] = lungs[side][at] * smoothStep(edge + 0.006, edge - 0.006, inside);
    line[at] = lungs[side][at] * smoothStep(0.012, 0.003, Math.abs(inside - edge));
  }
  return {
    vessels: beyond.map((cover) => 1 - cover),
    draw: () => {
      film.add((_u, _v, at) => 0.2 * line[at] - 0.12 * beyond[at]);
      const box = film.boxOf(beyond, 0.5);
      return box ? [box] : [];
    },
  };
}

/** Ribs with one to three of them broken: the outer part stands off, with a dark gap between. */
export function breakRibs({ film, anatomy, random }: Scene): {
  ribs: (side: Side, index: number) => BodyPoint[][];
  boxes: PixelBox[];
} {
  const side = pickSide(random);
  const first = 2 + random.integer(ribCount - 5);
  const count = 1 + random.integer(3);
  const at = 6 + random.integer(5);
  const boxes: PixelBox[] = [];
  const broken = new Map<number, BodyPoint[][]>();
  for (let index = first; index < first + count; index++) {
    const line = ribLine(anatomy, index, side);
    const offset = (random.chance(0.5) ? 1 : -1) * between(random, 0.022, 0.034);
    const outer = line.slice(at + 1).map(([u, v], i) => [u - side * 0.012, v + offset * (1 - 0.04 * i)] as const);
    broken.set(index, [line.slice(0, at + 1), outer]);
    boxes.push(film.boxAround([line[at], outer[0]], 0.035));
  }
  return {
    ribs: (onSide, index) => (onSide === side && broken.get(index)) || [ribLine(anatomy, index, onSide)],
    boxes: [unite(boxes)],
  };
}
