/** A point in body coordinates: u from −1 (the patient's right, left on the film) to 1, v from 0 (top) to 1. */
export type BodyPoint = readonly [u: number, v: number];

/** How a body lies on the film. */
export interface Pose {
  /** Radians. */
  rotation: number;
  /** Body units to film heights. */
  scale: number;
  shiftU: number;
  shiftV: number;
}

/** A box on the film in pixels; x and y are its top left corner. */
export interface PixelBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/**
 * A film that adds up attenuation: what the rays pass one after the other counts together, as on a radiograph. Shapes
 * are given in body coordinates.
 */
export class Film {
  /** Attenuation of each pixel, row by row. */
  readonly attenuation: Float32Array;
  /** Body coordinates of each pixel. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** How far the line being drawn covers each pixel, 0 between lines; and which pixels those are. */
  private readonly cover: Float32Array;
  private readonly touched: number[] = [];
  private readonly cos: number;
  private readonly sin: number;

  constructor(
    readonly size: number,
    private readonly pose: Pose,
  ) {
    this.attenuation = new Float32Array(size * size);
    this.cover = new Float32Array(size * size);
    this.u = new Float32Array(size * size);
    this.v = new Float32Array(size * size);
    this.cos = Math.cos(pose.rotation);
    this.sin = Math.sin(pose.rotation);
    for (let row = 0, at = 0; row < size; row++) {
      for (let column = 0; column < size; column++, at++) {
        const dx = ((column + 0.5) / size - 0.5) / pose.scale;
        const dy = ((row + 0.5) / size - 0.5) / pose.scale;
        this.u[at] = 2 * (this.cos * dx + this.sin * dy) + pose.shiftU;
        this.v[at] = this.cos * dy - this.sin * dx + 0.5 + pose.shiftV;
      }
    }
  }

  /** The pixel position of a body point. */
  toPixel([u, v]: BodyPoint): [x: number, y: number] {
    const a = (u - this.pose.shiftU) / 2;
    const b = v - 0.5 - this.pose.shiftV;
    const dx = this.cos * a - this.sin * b;
    const dy = this.sin * a + this.cos * b;
    return [(dx * this.pose.scale + 0.5) * this.size - 0.5, (dy * this.pose.scale + 0.5) * this.size - 0.5];
  }

  /** Body heights to pixels. */
  toPixels(height: number): number {
    return height * this.pose.scale * this.size;
  }

  /** Adds `value(u, v, pixel)` everywhere. */
  add(value: (u: number, v: number, at: number) => number): void {
    for (let at = 0; at < this.attenuation.length; at++) this.attenuation[at] += value(this.u[at], this.v[at], at);
  }

  /**
   * Adds a line with soft edges along points.
   *
   * @param halfWidth in body heights, at the start and at the end.
   * @param within multiplies the line at each pixel; where it is 0 nothing is drawn.
   * @returns the box around the line.
   */
  stroke(
    points: readonly BodyPoint[],
    {
      halfWidth,
      endHalfWidth = halfWidth,
      value,
      within,
    }: { halfWidth: number; endHalfWidth?: number; value: number; within?: Float32Array },
  ): PixelBox {
    const pixels = points.map((point) => this.toPixel(point));
    const { size, cover: strongest, touched } = this;
    touched.length = 0;
    for (let i = 0; i + 1 < pixels.length; i++) {
      const [[x0, y0], [x1, y1]] = [pixels[i], pixels[i + 1]];
      const half = this.toPixels(halfWidth + (endHalfWidth - halfWidth) * (i / Math.max(1, pixels.length - 1)));
      const reach = half + 0.5;
      const [dx, dy] = [x1 - x0, y1 - y0];
      const perLength = 1 / Math.max(1e-9, dx * dx + dy * dy);
      const [left, right] = [
        Math.max(0, Math.ceil(Math.min(x0, x1) - reach)),
        Math.min(size - 1, Math.max(x0, x1) + reach),
      ];
      const [top, bottom] = [
        Math.max(0, Math.ceil(Math.min(y0, y1) - reach)),
        Math.min(size - 1, Math.max(y0, y1) + reach),
      ];
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const t = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) * perLength));
          const [awayX, awayY] = [x - x0 - t * dx, y - y0 - t * dy];
          const distanceSquared = awayX * awayX + awayY * awayY;
          if (distanceSquared >= reach * reach) continue;
          const at = y * size + x;
          const cover = Math.min(1, reach - Math.sqrt(distanceSquared));
          if (strongest[at] === 0) touched.push(at);
          if (cover > strongest[at]) strongest[at] = cover;
        }
      }
    }
    for (const at of touched) {
      this.attenuation[at] += value * strongest[at] * (within ? within[at] : 1);
      strongest[at] = 0;
    }
    return this.boxAround(points, halfWidth);
  }

  /** The box around body points, cut at the film's edges. */
  boxAround(points: readonly BodyPoint[], margin = 0): PixelBox {
    const pixels = points.map((point) => this.toPixel(point));
    const edge = this.toPixels(margin);
    return this.cut(
      Math.min(...pixels.map(([x]) => x)) - edge,
      Math.min(...pixels.map(([, y]) => y)) - edge,
      Math.max(...pixels.map(([x]) => x)) + edge,
      Math.max(...pixels.map(([, y]) => y)) + edge,
    );
  }

  /** The box around the pixels of a map that are above a level; undefined if there is none. */
  boxOf(map: Float32Array, level: number): PixelBox | undefined {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at < map.length; at++) {
      if (map[at] <= level) continue;
      const x = at % this.size;
      const y = Math.floor(at / this.size);
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    return left === Infinity ? undefined : this.cut(left, top, right, bottom);
  }

  private cut(left: number, top: number, right: number, bottom: number): PixelBox {
    const inside = (position: number): number => Math.round(Math.min(this.size - 1, Math.max(0, position)));
    const [x, y] = [inside(left), inside(top)];
    return { x, y, width: inside(right) - x + 1, height: inside(bottom) - y + 1 };
  }
}

/** 0 below `from`, 1 above `to`, smooth in between; `from` may be above `to`. */
export function smoothStep(from: number, to: number, x: number): number {
  const t = (x - from) / (to - from);
  return t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t);
}

/** Smooth noise in [−1, 1], about `cells` waves along the film: a coarse random grid, interpolated. */
export function smoothNoise(size: number, cells: number, random: { uniform: () => number }): Float32Array {
  const grid = Float32Array.from({ length: (cells + 2) ** 2 }, () => 2 * random.uniform() - 1);
  const noise = new Float32Array(size * size);
  for (let y = 0, at = 0; y < size; y++) {
    const gy = (y / size) * cells;
    const row = Math.floor(gy);
    const fy = smoothStep(0, 1, gy - row);
    for (let x = 0; x < size; x++, at++) {
      const gx = (x / size) * cells;
      const column = Math.floor(gx);
      const fx = smoothStep(0, 1, gx - column);
      const corner = row * (cells + 2) + column;
      const upper = grid[corner] * (1 - fx) + grid[corner + 1] * fx;
      const lower = grid[corner + cells + 2] * (1 - fx) + grid[corner + cells + 3] * fx;
      noise[at] = upper * (1 - fy) + lower * fy;
    }
  }
  return noise;
}

/** The smallest box around some boxes. */
export function unite(boxes: readonly PixelBox[]): PixelBox {
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
export function curve(points: readonly BodyPoint[]): BodyPoint[] {
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
