import { cageAt, type Anatomy, type Side } from './anatomy.js';
import { between, pickSide, type Scene } from './scene.js';
import { curve, smoothNoise, smoothStep, unite, type BodyPoint, type PixelBox } from './film.js';

/** Draws one finding on a chest and returns where. */
type Painter = (scene: Scene) => PixelBox[];

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

/** The side whose dome stands high: where {@link changeAnatomy} put the atelectasis. */
function atelectaticSide({ dome }: Anatomy): Side {
  return dome[-1] + 0.02 < dome[1] ? -1 : 1;
}
