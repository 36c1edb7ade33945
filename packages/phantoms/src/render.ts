import { RandomStream } from '@cxr-align/random';
import { drawAnatomy, drawChest, lungMasks } from './anatomy.js';
import { Film, type PixelBox } from './film.js';
import { breakRibs, changeAnatomy, preparePneumothorax } from './anatomy-changes.js';
import { painters } from './findings.js';
import type { Scene } from './scene.js';
import type { ChexpertLabel, PhantomPlan } from './population.js';

/** A drawn radiograph. */
export interface PhantomImage {
  /** Grey values, row by row, size × size. */
  pixels: Uint8Array;
  size: number;
  /** Where each drawn finding is. */
  boxes: { label: ChexpertLabel; box: PixelBox }[];
}

/** Draws the image of a plan; the same seed and plan give the same pixels. */
export function renderPhantom(plan: PhantomPlan, { seed, size = 224 }: { seed: number; size?: number }): PhantomImage {
  const random = new RandomStream({ seed, purpose: 'phantom/image', step: plan.index });
  const film = new Film(size, {
    rotation: 0.045 * random.normal(),
    scale: 1 + 0.09 * (random.uniform() - 0.5),
    shiftU: 0.05 * (random.uniform() - 0.5) * 2,
    shiftV: 0.05 * (random.uniform() - 0.5),
  });
  const anatomy = drawAnatomy(random, { female: plan.female, anteroposterior: plan.anteroposterior });
  const places = changeAnatomy(film, anatomy, plan.drawn, random);
  const lungs = lungMasks(film, anatomy);
  const scene: Scene = { film, anatomy, lungs, random };
  const collapsed = plan.drawn.has('Pneumothorax') ? preparePneumothorax(scene) : undefined;
  const broken = plan.drawn.has('Fracture') ? breakRibs(scene) : undefined;
  drawChest(film, anatomy, lungs, random, { ribs: broken?.ribs, vesselMask: collapsed?.vessels });
  if (broken) places.set('Fracture', broken.boxes);
  if (collapsed) places.set('Pneumothorax', collapsed.draw());
  for (const [label, paint] of Object.entries(painters)) {
    if (plan.drawn.has(label as ChexpertLabel)) places.set(label, paint(scene));
  }
  const boxes = [...places].flatMap(([label, found]) => found.map((box) => ({ label: label as ChexpertLabel, box })));
  return { pixels: expose(film, random), size, boxes };
}

/** Attenuation to grey values: film curve, exposure, noise, and the side marker that every film carries. */
function expose(film: Film, random: RandomStream): Uint8Array {
  const { size, attenuation } = film;
  const dose = 1.25 + 0.35 * random.uniform();
  const gamma = 0.75 + 0.6 * random.uniform();
  const low = 0.05 * (random.uniform() - 0.3);
  const high = 0.86 + 0.16 * random.uniform();
  const grain = 0.008 + 0.02 * random.uniform();
  film.stroke(
    [
      [0.84, 0.07],
      [0.84, 0.115],
    ],
    { halfWidth: 0.005, value: 1.2 },
  );
  film.stroke(
    [
      [0.84, 0.115],
      [0.89, 0.115],
    ],
    { halfWidth: 0.005, value: 1.2 },
  );
  // The film's answer to an attenuation, in steps of 1/512: the curve is the same for all pixels.
  const answer = Float32Array.from({ length: 8 * 512 }, (_, step) => {
    const dense = 1 - Math.exp((-dose * step) / 512);
    return 255 * Math.max(0, (dense - low) / (high - low)) ** gamma;
  });
  const pixels = new Uint8ClampedArray(size * size);
  for (let at = 0; at < pixels.length; at++) {
    const step = Math.min(answer.length - 1, Math.max(0, Math.round(512 * attenuation[at])));
    pixels[at] = answer[step] + 255 * grain * roughNormal(random.nextWord());
  }
  return new Uint8Array(pixels.buffer);
}

/** Nearly a standard normal number: the sum of the four bytes of a random word, shifted and scaled. */
function roughNormal(word: number): number {
  return ((word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24) - 510) / 147.8;
}
