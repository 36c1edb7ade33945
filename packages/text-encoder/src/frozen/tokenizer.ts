import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { faultReason, InputError, readJson, sha256, withTimeLimit } from '@cxr-align/files';

/** Turns a text into token ids. */
export interface TextTokenizer {
  /** SHA-256 of its files. */
  readonly hash: string;
  /** The largest number of tokens of a text. */
  readonly maxTokens: number;
  /** The id of the padding token. */
  readonly padding: number;
  /** Token ids with the special tokens; a text that is too long is truncated before the closing ones. */
  encode(text: string): number[];
  /** The number of tokens of a text before truncation. */
  count(text: string): number;
}

/** The part of `tokenizer.json` that we read; padding and truncation are done here. */
interface TokenizerFile {
  truncation?: { max_length?: number } | null;
  padding?: { pad_id?: number } | null;
}

/** Milliseconds for a text, which usually takes less than one. */
const textLimit = 1500;

/** Published files use larger numbers for "no limit". */
const longest = 100_000;

/**
 * Reads `tokenizer.json` and `tokenizer_config.json` of a folder.
 *
 * @param fixed the number of tokens of a model that was exported for a fixed length.
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
  const [model, config] = files.map(readSettings);
  refuseStrangePatterns(model, files[0]);
  const { Tokenizer } = await importTokenizers();
  // Its patterns are regular expressions of the file: some texts may take them for ever.
  const limited = <T>(work: () => T): T =>
    soundly(files[0], () => withTimeLimit({ file: files[0] }, work, { ms: textLimit }));
  const tokenizer = limited(() => new Tokenizer(model, config));
  const { model_max_length: declared, pad_token: pad } = config as {
    model_max_length?: number;
    pad_token?: string | { content?: string };
  };
  const limits = [declared, positions(folder), fixed].filter(
    (limit): limit is number => typeof limit === 'number' && limit > 0 && limit < longest,
  );
  const maxTokens = limits.length > 0 ? Math.min(...limits) : ((model as TokenizerFile).truncation?.max_length ?? 512);
  const padToken = typeof pad === 'object' ? pad?.content : pad;
  const padding =
    (typeof padToken === 'string' ? tokenizer.token_to_id(padToken) : undefined) ??
    (model as TokenizerFile).padding?.pad_id ??
    0;
  const idsOf = (text: string, options?: { add_special_tokens: boolean }): number[] => {
    const { ids } = limited(() => tokenizer.encode(text, options));
    if (!Array.isArray(ids) || !ids.every((id) => Number.isSafeInteger(id) && id >= 0))
      throw new InputError('expected a vocabulary of whole numbers, got others; save the tokenizer again', {
        file: files[0],
      });
    return ids;
  };
  if (!Number.isSafeInteger(padding) || !Number.isSafeInteger(maxTokens) || maxTokens < 1)
    throw new InputError('expected whole numbers as max_length and pad_id, got others; save the tokenizer again', {
      file: files[0],
    });
  return {
    hash: sha256(files.map((file) => readFileSync(file, 'utf8')).join('\n')),
    maxTokens,
    padding,
    count: (text) => idsOf(text).length,
    encode: (text) => {
      const ids = idsOf(text);
      if (ids.length <= maxTokens) return ids;
      // Special tokens stay: only tokens of the text itself are truncated.
      const own = idsOf(text, { add_special_tokens: false });
      const opening = ids.findIndex((id, at) => id === own[0] && ids[at + own.length - 1] === own[own.length - 1]);
      const closing = ids.length - opening - own.length;
      return [...ids.slice(0, maxTokens - closing), ...ids.slice(ids.length - closing)];
    },
  };
}

function readSettings(file: string): object {
  const content = readJson(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new InputError('expected a JSON object, got another value; save the tokenizer again', { file });
  return content;
}

/** Does what the library does with the file: what it throws is a fault of the file. */
function soundly<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`expected a tokenizer of the tokenizers library, got ${faultReason(error)}; save it again`, {
      file,
    });
  }
}

/** Of a pattern that it does not know the library warns on the console, and matches nothing. */
function refuseStrangePatterns(content: unknown, file: string): void {
  if (typeof content !== 'object' || content === null) return;
  for (const [key, value] of Object.entries(content)) {
    // A vocabulary may hold the word, as a number.
    if (key === 'pattern' && typeof value !== 'number') {
      const { Regex: regex, String: text } = (value ?? {}) as { Regex?: unknown; String?: unknown };
      if (typeof regex !== 'string' && typeof text !== 'string')
        throw new InputError('expected a pattern { "Regex" } or { "String" }, got another; save the tokenizer again', {
          file,
        });
    }
    if (key !== 'vocab' && key !== 'merges') refuseStrangePatterns(value, file);
  }
}

/** The number of position embeddings of the model, according to its configuration. */
function positions(folder: string): number | undefined {
  const file = join(folder, 'config.json');
  if (!existsSync(file)) return undefined;
  const content = readSettings(file) as {
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
