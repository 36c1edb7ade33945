import type { RandomStream } from '@cxr-align/random';
import { cageAt, ribCount, ribLine, type Anatomy, type Side } from './anatomy.js';
import { smoothNoise, smoothStep, type BodyPoint, type Film, type PixelBox } from './film.js';

/** What a finding works on. */
export interface Scene {
  film: Film;
  anatomy: Anatomy;
  lungs: Record<Side, Float32Array>;
  random: RandomStream;
}

/** Draws one finding on a chest and says where. */
type Painter = (scene: Scene) => PixelBox[];

const pickSide = (random: RandomStream): Side => (random.chance(0.5) ? -1 : 1);
const between = (random: RandomStream, low: number, high: number): number => low + (high - low) * random.uniform();

/** Adds `strength · shape(u, v)` inside a lung; the box is where it is clearly seen. */
function fillLung(
  { film, lungs }: Scene,
  side: Side,
  strength: number,
  shape: (u: number, v: number, at: number) => number,
): PixelBox[] {
  const map = new Float32Array(film.u.length);
  for (let at = 0; at < map.length; at++) {
    if (lungs[side][at] === 0) continue;
    map[at] = lungs[side][at] * shape(film.u[at], film.v[at], at);
    film.attenuation[at] += strength * map[at];
  }
  const box = film.boxOf(map, 0.3);
  return box ? [box] : [];
}

/** A place in a lung away from its borders. */
function placeInLung({ anatomy, random }: Scene, side: Side, lowest = 0.08): BodyPoint {
  const v = between(random, anatomy.apex + 0.1, anatomy.dome[side] - lowest);
  const edge = cageAt(anatomy, v);
  return [side * between(random, 0.27, Math.max(0.3, edge - 0.14)), v];
}

const haze: Painter = (scene) => {
  const { film, random } = scene;
  const side = pickSide(random);
  const [u, v] = placeInLung(scene, side);
  const [ru, rv] = [between(random, 0.2, 0.32), between(random, 0.1, 0.17)];
  const texture = smoothNoise(film.size, 12, random);
  return fillLung(scene, side, between(random, 0.2, 0.3), (x, y, at) =>
    smoothStep(1.15, 0.3, Math.hypot((x - u) / ru, (y - v) / rv) + 0.25 * texture[at]),
  );
};

const lesion: Painter = (scene) => {
  const { random } = scene;
  const count = random.chance(0.25) ? 2 : 1;
  return Array.from({ length: count }, () => {
    const side = pickSide(random);
    const [u, v] = placeInLung(scene, side, 0.06);
    const radius = between(random, 0.026, 0.06);
    const aspect = between(random, 0.85, 1.2);
    return fillLung(scene, side, between(random, 0.3, 0.42), (x, y) =>
      smoothStep(1.08, 0.8, Math.hypot((x - u) / (2 * radius * aspect), (y - v) / radius)),
    );
  }).flat();
};

const edema: Painter = (scene) => {
  const { film, anatomy, lungs, random } = scene;
  const strength = between(random, 0.17, 0.28);
  const texture = smoothNoise(film.size, 26, random);
  const boxes = ([-1, 1] as const).flatMap((side) => {
    const hilum: BodyPoint = [side * (anatomy.mediastinum + 0.12), 0.46];
    return fillLung(
      scene,
      side,
      strength * between(random, 0.85, 1.15),
      (x, y, at) =>
        smoothStep(1.2, 0.15, Math.hypot((x - hilum[0]) / 0.42, (y - hilum[1]) / 0.27)) * (0.85 + 0.35 * texture[at]),
    );
  });
  // Kerley B lines: short horizontal lines at the outer border of the bases.
  for (const side of [-1, 1] as const) {
    for (let line = 0; line < 5; line++) {
      const v = anatomy.dome[side] - 0.02 - 0.022 * line;
      const edge = cageAt(anatomy, v) - 0.015;
      film.stroke(
        [
          [side * edge, v],
          [side * (edge - 0.07), v + 0.003],
        ],
        { halfWidth: 0.002, value: 0.1, within: lungs[side] },
      );
    }
  }
  return boxes;
};

/** A lobe filled up to a fissure, with dark bronchi in it. */
const consolidation: Painter = (scene) => {
  const { film, anatomy, lungs, random } = scene;
  const side = pickSide(random);
  const upper = random.chance(0.4);
  const fissure = between(random, 0.44, 0.5);
  const texture = smoothNoise(film.size, 14, random);
  const reach = between(random, 0.13, 0.22);
  const strength = between(random, 0.32, 0.44);
  const boxes = fillLung(scene, side, strength, (x, y, at) => {
    const depth = upper ? fissure - y : y - fissure;
    const border = smoothStep(-0.012, 0.012, depth + 0.04 * (Math.abs(x) - 0.4));
    return border * smoothStep(reach + 0.07, reach - 0.04, depth + 0.03 * texture[at]) * (0.85 + 0.2 * texture[at]);
  });
  for (let bronchus = 0; bronchus < 3; bronchus++) {
    const start: BodyPoint = [side * (anatomy.mediastinum + 0.1), fissure + (upper ? -0.03 : 0.03)];
    const end: BodyPoint = [
      side * between(random, 0.4, 0.6),
      start[1] + (upper ? -1 : 1) * between(random, 0.03, 0.13),
    ];
    film.stroke([start, end], { halfWidth: 0.0055, endHalfWidth: 0.003, value: -0.13, within: lungs[side] });
  }
  return boxes;
};

/** Several patches with ragged borders, close to each other. */
const pneumonia: Painter = (scene) => {
  const { film, random } = scene;
  const side = pickSide(random);
  const [u, v] = placeInLung(scene, side, 0.1);
  const texture = smoothNoise(film.size, 30, random);
  const patches = Array.from({ length: 6 }, () => [
    u + 0.12 * random.normal(),
    v + 0.05 * random.normal(),
    between(random, 0.05, 0.1),
  ]);
  return fillLung(scene, side, between(random, 0.3, 0.4), (x, y, at) => {
    const nearest = Math.min(
      ...patches.map(([pu, pv, radius]) => Math.hypot((x - pu) / (2 * radius), (y - pv) / radius)),
    );
    return smoothStep(1.1, 0.5, nearest + 0.3 * texture[at]);
  });
};

/** Plate-like bands above the diaphragm; the dome was raised by {@link changeAnatomy}. */
const atelectasis: Painter = (scene) => {
  const { film, anatomy, lungs, random } = scene;
  const side = atelectaticSide(anatomy);
  const bands = Array.from({ length: 2 + random.integer(2) }, (_, i) => {
    const v = anatomy.dome[side] - 0.035 - 0.042 * i;
    const inner = side * between(random, 0.16, 0.26);
    const outer = side * (cageAt(anatomy, v) - between(random, 0.03, 0.14));
    const tilt = between(random, -0.035, 0.015);
    const points: BodyPoint[] = [
      [inner, v],
      [(inner + outer) / 2, v + 0.6 * tilt],
      [outer, v + tilt],
    ];
    return film.stroke(points, {
      halfWidth: between(random, 0.007, 0.013),
      value: between(random, 0.22, 0.32),
      within: lungs[side],
    });
  });
  const left = Math.min(...bands.map(({ x }) => x));
  const top = Math.min(...bands.map(({ y }) => y));
  const right = Math.max(...bands.map(({ x, width }) => x + width));
  const bottom = Math.max(...bands.map(({ y, height }) => y + height));
  return [{ x: left, y: top, width: right - left, height: bottom - top }];
};

const effusion: Painter = (scene) => {
  const { anatomy, random } = scene;
  const sides: Side[] = random.chance(0.3) ? [-1, 1] : [pickSide(random)];
  return sides.flatMap((side) => {
    const level = anatomy.dome[side] - between(random, -0.015, 0.17);
    // The meniscus climbs along the chest wall.
    return fillLung(scene, side, between(random, 0.5, 0.6), (x, y) => {
      const outwards = Math.min(1, Math.abs(x) / cageAt(anatomy, y));
      const surface = level + 0.05 - 0.15 * outwards ** 4;
      return smoothStep(-0.012, 0.02, y - surface);
    });
  });
};

const pleuralOther: Painter = (scene) => {
  const { film, anatomy, random } = scene;
  const side = pickSide(random);
  const texture = smoothNoise(film.size, 16, random);
  const thick = between(random, 0.05, 0.085);
  const from = between(random, anatomy.apex, 0.35);
  const to = from + between(random, 0.22, 0.34);
  const rim = fillLung(scene, side, between(random, 0.36, 0.46), (x, y, at) => {
    const inside = cageAt(anatomy, y) - Math.abs(x);
    const along = smoothStep(from - 0.03, from + 0.03, y) * smoothStep(to + 0.03, to - 0.03, y);
    return along * smoothStep(thick + 0.02, thick - 0.02, inside + 0.035 * texture[at]);
  });
  if (!random.chance(0.5)) return rim;
  const cap = fillLung(scene, side, 0.36, (_, y) => smoothStep(anatomy.apex + 0.07, anatomy.apex + 0.035, y));
  return [...rim, ...cap];
};

/** A tube, a catheter, a pacemaker, electrodes: one to three of them. */
const devices: Painter = (scene) => {
  const { film, anatomy, random } = scene;
  const { shift } = anatomy;
  const wire = (points: BodyPoint[], halfWidth: number, value: number): PixelBox =>
    film.stroke(points, { halfWidth, value });
  const kinds: (() => PixelBox[])[] = [
    () => {
      const tip = between(random, 0.27, 0.34);
      const points = Array.from({ length: 8 }, (_, i) => [shift * 0.5 + 0.006 * Math.sin(i), (tip * i) / 7] as const);
      const walls = [-0.014, 0.014].map((offset) =>
        wire(
          points.map(([u, v]) => [u + offset, v]),
          0.0028,
          0.3,
        ),
      );
      return [unite(walls)];
    },
    () => {
      const end = between(random, 0.02, 0.1);
      const points: BodyPoint[] = [
        [0.012, 0],
        [shift + 0.02, 0.25],
        [shift + 0.035, 0.5],
        [shift + 0.06, 0.72],
        [shift + 0.1 + end, 0.86],
      ];
      return [wire(points, 0.0042, 0.3)];
    },
    () => {
      const side = pickSide(random);
      const entry: BodyPoint = [side * between(random, 0.42, 0.62), anatomy.apex + 0.07];
      const points: BodyPoint[] = [
        entry,
        [side * 0.25, anatomy.apex + 0.05],
        [shift - 0.06, anatomy.apex + 0.13],
        [shift - 0.085, 0.36],
        [shift - 0.085, between(random, 0.4, 0.5)],
      ];
      return [wire(curve(points), 0.0038, 0.32)];
    },
    () => {
      const side: Side = random.chance(0.8) ? 1 : -1;
      const [u, v] = [side * (anatomy.cage * 0.72), anatomy.apex + 0.14];
      film.add(
        (x, y) =>
          0.75 * smoothStep(1.04, 0.96, Math.max(Math.abs(x - u) / 0.1, Math.abs(y - v) / 0.052)) -
          0.25 * smoothStep(1, 0.8, Math.hypot((x - u + 0.02) / 0.05, (y - v) / 0.025)),
      );
      const lead = curve([
        [u - side * 0.06, v - 0.04],
        [side * 0.25, anatomy.apex + 0.06],
        [shift - 0.07, 0.3],
        [shift - 0.05, 0.55],
        [shift + 0.16, anatomy.heartV + 0.07],
      ]);
      return [
        unite([
          wire(lead, 0.003, 0.34),
          film.boxAround([
            [u - 0.1, v - 0.052],
            [u + 0.1, v + 0.052],
          ]),
        ]),
      ];
    },
    () => {
      const boxes = Array.from({ length: 3 }, () => {
        const side = pickSide(random);
        const at: BodyPoint = [side * between(random, 0.35, 0.75), between(random, 0.2, 0.7)];
        film.add((x, y) => 0.4 * smoothStep(1.05, 0.9, Math.hypot((x - at[0]) / 0.034, (y - at[1]) / 0.017)));
        return wire(curve([at, [at[0] + side * 0.1, at[1] + 0.12], [side * 0.95, at[1] + 0.1]]), 0.0024, 0.26);
      });
      return [unite(boxes)];
    },
  ];
  const count = 1 + random.integer(3);
  return [...random.permutation(kinds.length)].slice(0, count).flatMap((kind) => kinds[kind]());
};

/** The findings that are drawn over a finished chest, in the order in which they are drawn. */
export const painters: Readonly<Record<string, Painter>> = {
  'Lung Opacity': haze,
  'Lung Lesion': lesion,
  Edema: edema,
  Consolidation: consolidation,
  Pneumonia: pneumonia,
  Atelectasis: atelectasis,
  'Pleural Effusion': effusion,
  'Pleural Other': pleuralOther,
  'Support Devices': devices,
};

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

/** The side whose dome stands high: where {@link changeAnatomy} put the atelectasis. */
function atelectaticSide({ dome }: Anatomy): Side {
  return dome[-1] + 0.02 < dome[1] ? -1 : 1;
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

function unite(boxes: readonly PixelBox[]): PixelBox {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** Points on a smooth curve through the given ones (Catmull and Rom). */
function curve(points: readonly BodyPoint[]): BodyPoint[] {
  const at = (i: number): BodyPoint => points[Math.min(points.length - 1, Math.max(0, i))];
  return points.slice(0, -1).flatMap((_, i) =>
    Array.from({ length: 7 }, (_step, k) => {
      const t = k / 6;
      const blend = (axis: 0 | 1): number => {
        const [p0, p1, p2, p3] = [at(i - 1)[axis], at(i)[axis], at(i + 1)[axis], at(i + 2)[axis]];
        return (
          0.5 *
          (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t ** 2 + (3 * p1 - p0 - 3 * p2 + p3) * t ** 3)
        );
      };
      return [blend(0), blend(1)] as const;
    }),
  );
}
