import { InputError } from './input-error.js';
import { npyHeader, readNpy } from './npy.js';

/**
 * Reads an array file of ids (of patients, of samples) as texts, each id exactly: whole numbers of up to 64 bits, whole
 * numbers that are saved as floats, and text (`<U…`, `|S…`).
 *
 * @returns an id for each element of a one-dimensional array, or of one of shape [n, 1].
 * @throws {InputError} for Python objects, fractions, floats that have lost digits, NaN, and other shapes.
 */
export function readNpyIds(bytes: Uint8Array, file = 'npy'): string[] {
  const fail = (message: string): never => {
    throw new InputError(message, { file });
  };
  const { kind, shape, size, view, start } = npyHeader(bytes, file);
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1))
    return fail(`expected ids of shape [n], got [${shape}]; save one id a sample`);
  const of = (element: (at: number) => string): string[] => Array.from({ length: size }, (_, at) => element(at));
  if (kind === 'O') return fail('expected numbers or text, got Python objects; save with numpy.array(ids, dtype=str)');
  if (kind === 'i8') return of((at) => String(view.getBigInt64(start + 8 * at, true)));
  if (kind === 'u8') return of((at) => String(view.getBigUint64(start + 8 * at, true)));
  if (/^[US]/.test(kind)) {
    const characters = Number(kind.slice(1));
    return of((at) => textAt(view, { kind, characters, start, at }));
  }
  const { data } = readNpy(bytes, file);
  const largest = kind === 'f4' || kind === 'f2' ? { f4: 2 ** 24, f2: 2 ** 11 }[kind] : 2 ** 53;
  return of((at) => {
    const value = data[at];
    if (!Number.isInteger(value) || Math.abs(value) > largest)
      return fail(
        `expected whole numbers that ${kind} holds exactly, got ${value} at position ${at}; save ids with astype(str) or astype('int64')`,
      );
    return String(value);
  });
}

/** The text of an element, without the NULs that fill it. */
function textAt(
  view: DataView,
  { kind, characters, start, at }: { kind: string; characters: number; start: number; at: number },
): string {
  if (kind.startsWith('S')) {
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start + at * characters, characters);
    return new TextDecoder().decode(bytes).replace(/\0+$/, '');
  }
  const points = Array.from({ length: characters }, (_, i) => view.getUint32(start + 4 * (at * characters + i), true));
  return String.fromCodePoint(...points.map((point) => (point > 0x10ffff ? 0xfffd : point))).replace(/\0+$/, '');
}
