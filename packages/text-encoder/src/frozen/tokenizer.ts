import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, readJson, sha256 } from '@cxr-align/files';

/** Turns a text into the numbers that an encoder reads. */
export interface TextTokenizer {
  /** SHA-256 of what it was read from. */
  readonly hash: string;
  /** The most tokens of a text. */
  readonly maxTokens: number;
  /** The token that fills up what is shorter. */
  readonly padding: number;
  /** Token ids with those that mark start and end; the end of a text that is too long is cut off. */
  encode(text: string): number[];
  /** Tokens of a text, however long. */
  count(text: string): number;
}

/** What we read of `tokenizer.json`; its own padding and truncation are left to us. */
interface TokenizerFile {
  truncation?: { max_length?: number } | null;
  padding?: { pad_id?: number } | null;
}

/** Lengths that stand for "no limit" in published files are larger. */
const longest = 100_000;

/**
 * Reads `tokenizer.json` and `tokenizer_config.json` of a folder.
 *
 * @param fixed tokens that the model demands, if it was exported for one length.
 * @throws {InputError} if one is missing or broken, or @huggingface/tokenizers is not installed.
 */
export async function loadTokenizer(folder: string, fixed?: number): Promise<TextTokenizer> {
  const files = ['tokenizer.json', 'tokenizer_config.json'].map((name) => join(folder, name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined)
    throw new InputError(
      `expected ${basename(missing)} beside the text encoder, got none; save the model's fast tokenizer there`,
      { file: folder },
    );
  const [model, config] = files.map((file) => readJson(file) as object);
  const { Tokenizer } = await importTokenizers();
  const tokenizer = new Tokenizer(model, config);
  const { model_max_length: declared, pad_token: pad } = config as {
    model_max_length?: number;
    pad_token?: string | { content?: string };
  };
  const limits = [declared, positions(folder), fixed].filter(
    (limit): limit is number => typeof limit === 'number' && limit > 0 && limit < longest,
  );
  const maxTokens = limits.length > 0 ? Math.min(...limits) : ((model as TokenizerFile).truncation?.max_length ?? 512);
  const padToken = typeof pad === 'object' ? pad.content : pad;
  const padding =
    (padToken === undefined ? undefined : tokenizer.token_to_id(padToken)) ??
    (model as TokenizerFile).padding?.pad_id ??
    0;
  const idsOf = (text: string): number[] => tokenizer.encode(text).ids;
  return {
    hash: sha256(files.map((file) => readFileSync(file, 'utf8')).join('\n')),
    maxTokens,
    padding,
    count: (text) => idsOf(text).length,
    encode: (text) => {
      const ids = idsOf(text);
      if (ids.length <= maxTokens) return ids;
      // What marks the end stays: only tokens of the text itself are cut off.
      const own = tokenizer.encode(text, { add_special_tokens: false }).ids;
      const opening = ids.findIndex((id, at) => id === own[0] && ids[at + own.length - 1] === own[own.length - 1]);
      const closing = ids.length - opening - own.length;
      return [...ids.slice(0, maxTokens - closing), ...ids.slice(ids.length - closing)];
    },
  };
}

/** Places that the model has been trained for, as its configuration says. */
function positions(folder: string): number | undefined {
  const file = join(folder, 'config.json');
  if (!existsSync(file)) return undefined;
  const content = readJson(file) as {
    max_position_embeddings?: number;
    text_config?: { max_position_embeddings?: number };
  };
  return content.text_config?.max_position_embeddings ?? content.max_position_embeddings;
}

async function importTokenizers(): Promise<typeof import('@huggingface/tokenizers')> {
  try {
    return await import('@huggingface/tokenizers');
  } catch (error) {
    throw new InputError(
      `expected the package @huggingface/tokenizers, which reads tokenizer.json, got ${(error as Error).message.split('\n')[0]}; install it: npm install @huggingface/tokenizers`,
    );
  }
}
