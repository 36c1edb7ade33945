import type { EncoderPreprocessing } from './frozen-encoder.js';

/** Ways of interpolating that are known here. */
export type Kernel = NonNullable<EncoderPreprocessing['kernel']>;

/** How images are prepared, before the channels are counted: one number of `mean` and `std` for all of them or for each. */
export interface Preparation {
  size: number;
  fit: 'stretch' | 'crop';
  resize: number;
  kernel: Kernel;
  oddMargin: 'down' | 'even';
  rescale: number;
  mean: readonly number[];
  std: readonly number[];
}

/** Refuses a file with a message. */
export type FailFile = (message: string) => never;

/** Refuses unknown keys, by name; those that are null or false request nothing. */
export function refuseUnknownKeys(content: object, known: ReadonlySet<string>, fail: FailFile): void {
  const unknown = Object.entries(content)
    .filter(([key, value]) => !known.has(key) && value !== null && value !== false)
    .map(([key]) => key);
  if (unknown.length > 0)
    fail(
      `expected keys that are obeyed here, got ${unknown.join(', ')}; write preprocess.json with size, resample, rescale_factor, image_mean and image_std`,
    );
}

/** Kinds of the values of a settings file. */
export type SettingKind = 'number' | 'boolean' | 'text' | 'numbers' | 'size' | 'object';

const kinds: Readonly<Record<SettingKind, { words: string; is: (value: unknown) => boolean }>> = {
  number: { words: 'a number', is: isNumber },
  boolean: { words: 'true or false', is: (value) => typeof value === 'boolean' },
  text: { words: 'a text', is: (value) => typeof value === 'string' },
  numbers: {
    words: 'a number, or one for each channel',
    is: (value) => isNumber(value) || (Array.isArray(value) && value.length > 0 && value.every(isNumber)),
  },
  size: {
    words: 'a number, a list of numbers, or {"height", "width"} or {"shortest_edge"}',
    is: (value) => isNumber(value) || (isObject(value) && Object.values(value).every(isNumber)),
  },
  object: { words: 'an object', is: (value) => isObject(value) && !Array.isArray(value) },
};

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The settings without those that are null, which request nothing. @throws what `fail` does, if one is of another kind. */
export function settingsOf<Settings extends object>(
  content: Settings,
  expected: Readonly<Partial<Record<keyof Settings & string, SettingKind>>>,
  fail: FailFile,
): Settings {
  const given = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== null)) as Settings;
  for (const [key, kind] of Object.entries(expected) as [keyof Settings & string, SettingKind][]) {
    if (Object.hasOwn(given, key) && !kinds[kind].is(given[key]))
      fail(`expected ${key} to be ${kinds[kind].words}, got another value`);
  }
  return given;
}
