import type { Parser } from './judge.js';
import { encoderParsers } from './parsers/encoders.js';
import { fileParsers } from './parsers/files.js';
import { graphParsers } from './parsers/graphs.js';
import { imageParsers } from './parsers/images.js';
import { runFolderParsers } from './parsers/run-folders.js';
import { runParsers } from './parsers/runs.js';
import { tableParsers } from './parsers/tables.js';

/** Every parser of a file that may come from elsewhere. */
export const parsers: readonly Parser[] = [
  ...fileParsers,
  ...tableParsers,
  ...graphParsers,
  ...imageParsers,
  ...encoderParsers,
  ...runParsers,
  ...runFolderParsers,
];

/** @throws {RangeError} if there is none of that name. */
export function parserNamed(name: string): Parser {
  const found = parsers.find((parser) => parser.name === name);
  if (!found)
    throw new RangeError(`fuzz: expected a parser of ${parsers.map((one) => one.name).join(', ')}, got ${name}`);
  return found;
}
