/** A rectangle in pixels of an image; (x, y) is its upper left corner. */
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** What a map shows of an image: grid × grid values, row by row from the top left, over a part of the image in pixels. */
export interface PlacedMap {
  values: ArrayLike<number>;
  grid: number;
  /** The part of the image that the map covers. */
  window: Box;
}

/** A box that was read off a map. */
export interface MapBox extends Box {
  /** Share of the map's values above the threshold that lie in it. */
  share: number;
}

/** Points along a side of a cell of the map, where areas are counted. */
const fine = 8;

/** The centre of the cell with the largest value, for the pointing game. */
export function mapPeak({ values, grid, window }: PlacedMap): { x: number; y: number } {
  let best = 0;
  for (let at = 1; at < grid * grid; at++) if (values[at] > values[best]) best = at;
  return {
    x: window.x + (((best % grid) + 0.5) / grid) * window.w,
    y: window.y + ((Math.floor(best / grid) + 0.5) / grid) * window.h,
  };
}

/** Whether a point lies in one of some boxes. */
export function isInside({ x, y }: { x: number; y: number }, boxes: readonly Box[]): boolean {
  return boxes.some((box) => x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h);
}

/**
 * Boxes around what stands out of a map: connected parts above a share of the range between its least and its largest value,
 * the map being interpolated between the centres of its cells.
 *
 * @param threshold in (0, 1). Default 0.5.
 * @returns those with the largest share first; none where the map is flat.
 */
export function boxesOfMap({ values, grid, window }: PlacedMap, threshold = 0.5): MapBox[] {
  const side = grid * fine;
  const smooth = interpolate(values, grid, side);
  const least = smooth.reduce((low, value) => Math.min(low, value), Infinity);
  const most = smooth.reduce((high, value) => Math.max(high, value), -Infinity);
  if (!(most > least)) return [];
  const cut = least + threshold * (most - least);
  const seen = new Uint8Array(side * side);
  const parts: { left: number; top: number; right: number; bottom: number; mass: number }[] = [];
  for (let start = 0; start < side * side; start++) {
    if (seen[start] || smooth[start] < cut) continue;
    const part = { left: side, top: side, right: 0, bottom: 0, mass: 0 };
    const stack = [start];
    seen[start] = 1;
    while (stack.length > 0) {
      const at = stack.pop()!;
      const [x, y] = [at % side, Math.floor(at / side)];
      part.left = Math.min(part.left, x);
      part.right = Math.max(part.right, x + 1);
      part.top = Math.min(part.top, y);
      part.bottom = Math.max(part.bottom, y + 1);
      part.mass += smooth[at] - least;
      const beside = [x > 0 ? at - 1 : -1, x < side - 1 ? at + 1 : -1, at - side, at + side];
      for (const next of beside) {
        if (next < 0 || next >= side * side || seen[next] || smooth[next] < cut) continue;
        seen[next] = 1;
        stack.push(next);
      }
    }
    parts.push(part);
  }
  const total = parts.reduce((sum, { mass }) => sum + mass, 0);
  return parts
    .sort((a, b) => b.mass - a.mass)
    .map(({ left, top, right, bottom, mass }) => ({
      x: window.x + (left / side) * window.w,
      y: window.y + (top / side) * window.h,
      w: ((right - left) / side) * window.w,
      h: ((bottom - top) / side) * window.h,
      share: mass / total,
    }));
}

/** The area that two boxes share over the area that they cover together, in [0, 1]. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.w * a.h + b.w * b.h - width * height);
}

/**
 * The share of a map's values that lies in some boxes; negative values count 0, and a map without positive ones is flat.
 *
 * @see Wang et al. 2020, arXiv:1910.01279 (energy-based pointing game).
 */
export function shareInside({ values, grid, window }: PlacedMap, boxes: readonly Box[]): number {
  const positive = Array.from({ length: grid * grid }, (_, at) => Math.max(0, values[at]));
  const total = positive.reduce((sum, value) => sum + value, 0);
  const side = grid * fine;
  let inside = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const point = { x: window.x + ((x + 0.5) / side) * window.w, y: window.y + ((y + 0.5) / side) * window.h };
      if (!isInside(point, boxes)) continue;
      inside += total > 0 ? positive[Math.floor(y / fine) * grid + Math.floor(x / fine)] : 1;
    }
  }
  return inside / ((total > 0 ? total : grid * grid) * fine * fine);
}

/** A map on a finer grid, linear between the centres of its cells. */
function interpolate(values: ArrayLike<number>, grid: number, side: number): Float64Array {
  const out = new Float64Array(side * side);
  const cellsAt = (at: number): { low: number; high: number; share: number } => {
    const exact = Math.min(grid - 1, Math.max(0, ((at + 0.5) * grid) / side - 0.5));
    const low = Math.floor(exact);
    return { low, high: Math.min(grid - 1, low + 1), share: exact - low };
  };
  const columns = Array.from({ length: side }, (_, x) => cellsAt(x));
  for (let y = 0; y < side; y++) {
    const row = cellsAt(y);
    for (let x = 0; x < side; x++) {
      const column = columns[x];
      const along = (line: number): number =>
        values[line * grid + column.low] * (1 - column.share) + values[line * grid + column.high] * column.share;
      out[y * side + x] = along(row.low) * (1 - row.share) + along(row.high) * row.share;
    }
  }
  return out;
}
