import { RandomStream } from '@cxr-align/random';
import type { CosineGradient, TextEncoder, TextGradients } from './text-encoder.js';

/** How a suffix is searched for. */
export type AttackMethod = 'random' | 'greedy' | 'genetic' | 'gradient';

/** The names of {@link AttackMethod}. */
export const attackMethods: readonly AttackMethod[] = ['random', 'greedy', 'genetic', 'gradient'];

/** The methods that work on an encoder: `gradient` needs one that can be differentiated. */
export function attackMethodsOf({ gradients }: TextEncoder): AttackMethod[] {
  return attackMethods.filter((method) => method !== 'gradient' || gradients !== undefined);
}

/** The characters of a suffix: punctuation, capitals and digits. */
export const attackAlphabet = '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** How an attack searches. */
export interface AttackOptions {
  /** Default `greedy`. */
  method?: AttackMethod;
  /** Characters of the suffix. Default 5. */
  length?: number;
  /**
   * The largest number of texts to encode. Default enough for two sweeps of the greedy search: 2 · length · |alphabet|. A
   * gradient counts as three.
   */
  budget?: number;
  /** Default {@link attackAlphabet}. */
  alphabet?: string;
  /** Dimensions of the embedding that count, as {@link conceptDimensions} returns them. Default all. */
  dimensions?: readonly number[];
  /** Default 0. */
  seed?: number;
}

/** The suffix that changed a text's embedding most. */
export interface Attack {
  suffix: string;
  /** The text with it. */
  text: string;
  /** Cosine of the text with and without the suffix, over the dimensions that count. */
  cosine: number;
  /** Texts that were encoded. */
  evaluations: number;
  /** Each new minimum of the cosine: it strictly decreases. */
  history: { evaluations: number; cosine: number }[];
}

/**
 * Searches for a suffix of a few characters that changes the embedding of a text most: min cos(τ(x), τ(x + " " + suffix)). It
 * queries the text encoder alone, not the models that use it.
 *
 * `random` samples suffixes; `greedy` samples for a quarter of the budget, then optimises the characters of the best suffix one
 * by one, and restarts at a local minimum; `genetic` uses one-point crossover and mutation; `gradient` is `greedy`, but tries
 * those characters first for which the gradient of the cosine in the token embeddings predicts the largest decrease. All start
 * with the same samples.
 *
 * @throws {RangeError} if length or budget is below 1, or the method is `gradient` and the encoder cannot be differentiated.
 * @see Zhuang et al. 2023, arXiv:2303.16378 (query-free attack); Ebrahimi et al. 2018, arXiv:1712.06751 (gradient-guided replacement).
 */
export async function attackPrompt(encoder: TextEncoder, text: string, options: AttackOptions = {}): Promise<Attack> {
  const { method = 'greedy', length = 5, alphabet = attackAlphabet, seed = 0 } = options;
  const { budget = 2 * length * alphabet.length } = options;
  if (!(length >= 1) || !(budget >= 1))
    throw new RangeError(
      `text-encoder/attackPrompt: expected a length and a budget of 1 or more, got ${length} and ${budget}`,
    );
  if (!attackMethodsOf(encoder).includes(method))
    throw new RangeError(
      `text-encoder/attackPrompt: expected a method of ${attackMethodsOf(encoder).join(', ')} with ${encoder.name}, which cannot be differentiated; got ${method}`,
    );
  const search = await Search.begin(encoder, text, budget, options.dimensions);
  const random = new RandomStream({ seed, purpose: `attack/${text}` });
  const draw = (): string => Array.from({ length }, () => alphabet[random.integer(alphabet.length)]).join('');
  const source: Source = { draw, random, alphabet };
  if (method === 'random') await drawMany(search, budget, source);
  else if (method === 'greedy') await greedy(search, budget, source);
  else if (method === 'genetic') await genetic(search, source);
  else await gradientGuided(search, budget, source, await encoder.gradients!());
  return search.result();
}

/** Encodings that cost as much as a gradient. */
const costOfGradient = 3;

/** Keeps the best suffix and counts evaluations. */
class Search {
  private best = { suffix: '', cosine: 1 };
  private spent = 0;
  private readonly history: Attack['history'] = [];

  private constructor(
    private readonly encoder: TextEncoder,
    private readonly text: string,
    private readonly budget: number,
    private readonly original: Float32Array,
    private readonly dimensions: readonly number[],
  ) {}

  static async begin(
    encoder: TextEncoder,
    text: string,
    budget: number,
    dimensions?: readonly number[],
  ): Promise<Search> {
    const original = await encoder.encode([text]);
    return new Search(encoder, text, budget, original, dimensions ?? [...original.keys()]);
  }

  get isSpent(): boolean {
    return this.spent >= this.budget;
  }

  /** @returns the cosine of each suffix; infinite for those beyond the budget. */
  async try(suffixes: readonly string[]): Promise<Float64Array> {
    const affordable = suffixes.slice(0, this.budget - this.spent);
    const vectors = await this.encoder.encode(affordable.map((suffix) => this.withSuffix(suffix)));
    const cosines = new Float64Array(suffixes.length).fill(Infinity);
    affordable.forEach((suffix, row) => {
      cosines[row] = this.cosineOf(vectors, row);
      this.spent++;
      if (cosines[row] < this.best.cosine) {
        this.best = { suffix, cosine: cosines[row] };
        this.history.push({ evaluations: this.spent, cosine: cosines[row] });
      }
    });
    return cosines;
  }

  /** The gradient of a suffix's cosine in its token embeddings; undefined beyond the budget. */
  async gradientOf(suffix: string, gradients: TextGradients): Promise<CosineGradient | undefined> {
    if (this.budget - this.spent < costOfGradient) return undefined;
    this.spent += costOfGradient;
    return gradients.cosineGradient(this.withSuffix(suffix), this.original, this.dimensions);
  }

  result(): Attack {
    const { suffix, cosine } = this.best;
    return { suffix, text: this.withSuffix(suffix), cosine, evaluations: this.spent, history: this.history };
  }

  withSuffix(suffix: string): string {
    return suffix === '' ? this.text : `${this.text} ${suffix}`;
  }

  private cosineOf(vectors: Float32Array, row: number): number {
    const { original, dimensions } = this;
    let [product, a, b] = [0, 0, 0];
    for (const i of dimensions) {
      const [x, y] = [original[i], vectors[row * original.length + i]];
      product += x * y;
      a += x * x;
      b += y * y;
    }
    return product / Math.max(1e-12, Math.sqrt(a * b));
  }
}

/** Where suffixes come from. */
interface Source {
  draw: () => string;
  random: RandomStream;
  alphabet: string;
}

/** Samples suffixes. @returns the best of them. */
async function drawMany(search: Search, count: number, { draw }: Source): Promise<{ suffix: string; cosine: number }> {
  let best = { suffix: '', cosine: Infinity };
  for (let left = count; left > 0 && !search.isSpent; left -= 64) {
    const suffixes = Array.from({ length: Math.min(64, left) }, draw);
    const cosines = await search.try(suffixes);
    suffixes.forEach((suffix, i) => {
      if (cosines[i] < best.cosine) best = { suffix, cosine: cosines[i] };
    });
  }
  return best;
}

async function greedy(search: Search, budget: number, source: Source): Promise<void> {
  for (let share = budget / 4; !search.isSpent; share /= 2) {
    const best = await drawMany(search, Math.ceil(Math.max(1, share)), source);
    let isBetter = true;
    while (isBetter && !search.isSpent) {
      isBetter = false;
      for (let position = 0; position < best.suffix.length && !search.isSpent; position++) {
        const candidates = withReplacements(best.suffix, position, source);
        const cosines = await search.try(candidates);
        const smallest = cosines.indexOf(Math.min(...cosines));
        if (cosines[smallest] >= best.cosine) continue;
        Object.assign(best, { suffix: candidates[smallest], cosine: cosines[smallest] });
        isBetter = true;
      }
    }
  }
}

/** A suffix with each character of the alphabet at a position. */
function withReplacements(suffix: string, position: number, { alphabet }: Source): string[] {
  return [...alphabet].map((one) => suffix.slice(0, position) + one + suffix.slice(position + 1));
}

async function gradientGuided(search: Search, budget: number, source: Source, gradients: TextGradients): Promise<void> {
  for (let share = budget / 4; !search.isSpent; share /= 2) {
    const best = await drawMany(search, Math.ceil(Math.max(1, share)), source);
    for (;;) {
      const local = await search.gradientOf(best.suffix, gradients);
      const others = Array.from({ length: best.suffix.length }, (_, position) =>
        withReplacements(best.suffix, position, source),
      )
        .flat()
        .filter((suffix) => suffix !== best.suffix);
      const change = new Map(
        others.map((suffix) => [suffix, local ? predictedChange(search.withSuffix(suffix), local, gradients) : 0]),
      );
      others.sort((a, b) => change.get(a)! - change.get(b)!);
      // Predictions are evaluated in batches, twice as large each time that none was better.
      let isBetter = false;
      for (let from = 0, count = 8; from < others.length && !isBetter && !search.isSpent; from += count, count *= 2) {
        const candidates = others.slice(from, from + count);
        const cosines = await search.try(candidates);
        const smallest = cosines.indexOf(Math.min(...cosines));
        if (cosines[smallest] >= best.cosine) continue;
        Object.assign(best, { suffix: candidates[smallest], cosine: cosines[smallest] });
        isBetter = true;
      }
      if (!isBetter || search.isSpent) break;
    }
  }
}

/**
 * The first-order prediction of the cosine's change from one text to another. Texts of different lengths are compared from the
 * left, over the tokens that both have.
 */
function predictedChange(text: string, { tokens, gradient }: CosineGradient, encoder: TextGradients): number {
  const { tokenDim } = encoder;
  let sum = 0;
  encoder.tokensOf(text).forEach((token, at) => {
    if (at >= tokens.length || token === tokens[at]) return;
    const [from, to] = [encoder.tokenEmbedding(tokens[at]), encoder.tokenEmbedding(token)];
    for (let i = 0; i < tokenDim; i++) sum += gradient[at * tokenDim + i] * (to[i] - from[i]);
  });
  return sum;
}

async function genetic(search: Search, { draw, random, alphabet }: Source): Promise<void> {
  const size = 20;
  let population = Array.from({ length: size }, draw);
  let scores = await search.try(population);
  while (!search.isSpent) {
    const children = Array.from({ length: size }, () => {
      const [a, b] = [0, 1].map(() => population[fitter(scores, random)]);
      const cut = 1 + random.integer(Math.max(1, a.length - 1));
      const child = [...a.slice(0, cut), ...b.slice(cut)];
      if (random.chance(0.5)) child[random.integer(child.length)] = alphabet[random.integer(alphabet.length)];
      return child.join('');
    });
    const childScores = await search.try(children);
    const all = [...population, ...children];
    const both = [...scores, ...childScores];
    const order = [...all.keys()].sort((x, y) => both[x] - both[y]).slice(0, size);
    population = order.map((at) => all[at]);
    scores = Float64Array.from(order, (at) => both[at]);
  }
}

/** Tournament selection: the better of two random ones. */
function fitter(scores: Float64Array, random: RandomStream): number {
  const [a, b] = [random.integer(scores.length), random.integer(scores.length)];
  return scores[a] <= scores[b] ? a : b;
}

/**
 * The dimensions that encode a concept: those that change in the same direction, in nearly all pairs, when it is removed.
 *
 * @param pairs texts with the concept, each with the same text without it.
 * @param options.agree share of the pairs that must agree. Default 0.9.
 * @see Zhuang et al. 2023, arXiv:2303.16378: the key dimensions of the steerable attack.
 */
export async function conceptDimensions(
  encoder: TextEncoder,
  pairs: readonly { with: string; without: string }[],
  { agree = 0.9 }: { agree?: number } = {},
): Promise<number[]> {
  const vectors = await encoder.encode(pairs.flatMap((pair) => [pair.with, pair.without]));
  const { dim } = encoder;
  return Array.from({ length: dim }, (_, i) => i).filter((i) => {
    const signs = pairs.map((_, pair) => Math.sign(vectors[(2 * pair + 1) * dim + i] - vectors[2 * pair * dim + i]));
    return pairs.length > 0 && Math.abs(signs.reduce((sum, sign) => sum + sign, 0)) >= (2 * agree - 1) * pairs.length;
  });
}
