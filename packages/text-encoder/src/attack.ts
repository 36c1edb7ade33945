import { RandomStream } from '@cxr-align/random';
import type { CosineSlopes, TextEncoder, TextSlopes } from './text-encoder.js';

/** How a suffix is looked for. */
export type AttackMethod = 'random' | 'greedy' | 'genetic' | 'gradient';

/** The names of {@link AttackMethod}. */
export const attackMethods: readonly AttackMethod[] = ['random', 'greedy', 'genetic', 'gradient'];

/** Those that an encoder is open to: `gradient` takes one that can be differentiated. */
export function attackMethodsOf({ slopes }: TextEncoder): AttackMethod[] {
  return attackMethods.filter((method) => method !== 'gradient' || slopes !== undefined);
}

/** Characters that a suffix is made of: punctuation, capitals and digits. */
export const attackAlphabet = '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export interface AttackOptions {
  /** Default `greedy`. */
  method?: AttackMethod;
  /** Characters of the suffix. Default 5. */
  length?: number;
  /**
   * Texts that may be encoded. Default enough for two sweeps of the greedy search: 2 · length · |alphabet|. A gradient counts as
   * three: there and back.
   */
  budget?: number;
  /** Default {@link attackAlphabet}. */
  alphabet?: string;
  /** Dimensions that count, as {@link conceptDimensions} finds them. Default all. */
  dimensions?: readonly number[];
  /** Default 0. */
  seed?: number;
}

/** The suffix that moved a text most. */
export interface Attack {
  suffix: string;
  /** The text with it. */
  text: string;
  /** Cosine of the text with and without it, over the dimensions that count. */
  cosine: number;
  /** Texts that were encoded. */
  evaluations: number;
  /** The smallest cosine so far, each time it fell: it never rises. */
  history: { evaluations: number; cosine: number }[];
}

/**
 * Looks for a suffix of a few characters that moves the embedding of a text as far as it can: min cos(τ(x), τ(x + " " + suffix)).
 * It needs the text encoder alone, none of the models behind it.
 *
 * `random` draws suffixes; `greedy` draws for a quarter of the budget, then chooses each place of the best one again and again,
 * and begins anew where nothing gets better; `genetic` breeds suffixes by one-point crossover and mutation; `gradient` does as
 * `greedy` does, but tries the characters first that the slope of the cosine in the tokens' vectors promises most of. All begin
 * with the same draws.
 *
 * @throws {RangeError} if length or budget is below 1, or the method is `gradient` and the encoder cannot be differentiated.
 * @see Zhuang et al. 2023, arXiv:2303.16378 (query-free attack); Ebrahimi et al. 2018, arXiv:1712.06751 (slopes that choose).
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
  else await bySlopes(search, budget, source, await encoder.slopes!());
  return search.result();
}

/** Texts that could be encoded in the time of a gradient. */
const costOfSlopes = 3;

/** Keeps the best suffix, and counts what it cost. */
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

  /** @returns the cosine of each suffix; infinite where the budget does not reach. */
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

  /** How the cosine of a suffix changes with its tokens; undefined where the budget does not reach. */
  async slopesOf(suffix: string, slopes: TextSlopes): Promise<CosineSlopes | undefined> {
    if (this.budget - this.spent < costOfSlopes) return undefined;
    this.spent += costOfSlopes;
    return slopes.cosineSlopes(this.withSuffix(suffix), this.original, this.dimensions);
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

/** Draws suffixes. @returns the best of them. */
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
      for (let place = 0; place < best.suffix.length && !search.isSpent; place++) {
        const candidates = withPlace(best.suffix, place, source);
        const cosines = await search.try(candidates);
        const smallest = cosines.indexOf(Math.min(...cosines));
        if (cosines[smallest] >= best.cosine) continue;
        Object.assign(best, { suffix: candidates[smallest], cosine: cosines[smallest] });
        isBetter = true;
      }
    }
  }
}

/** A suffix with each character of the alphabet at a place. */
function withPlace(suffix: string, place: number, { alphabet }: Source): string[] {
  return [...alphabet].map((one) => suffix.slice(0, place) + one + suffix.slice(place + 1));
}

async function bySlopes(search: Search, budget: number, source: Source, slopes: TextSlopes): Promise<void> {
  for (let share = budget / 4; !search.isSpent; share /= 2) {
    const best = await drawMany(search, Math.ceil(Math.max(1, share)), source);
    for (;;) {
      const local = await search.slopesOf(best.suffix, slopes);
      const others = Array.from({ length: best.suffix.length }, (_, place) => withPlace(best.suffix, place, source))
        .flat()
        .filter((suffix) => suffix !== best.suffix);
      const guess = new Map(
        others.map((suffix) => [suffix, local ? promised(search.withSuffix(suffix), local, slopes) : 0]),
      );
      others.sort((a, b) => guess.get(a)! - guess.get(b)!);
      // A guess is believed when it has been tried: twice as many each time that none was better.
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
 * What the slopes at one text promise of another: by how much the cosine would change if they held as far as there. Where the
 * other has more or fewer tokens, those that both have are compared from the left.
 */
function promised(text: string, { tokens, slopes }: CosineSlopes, encoder: TextSlopes): number {
  const { tokenDim } = encoder;
  let sum = 0;
  encoder.tokensOf(text).forEach((token, at) => {
    if (at >= tokens.length || token === tokens[at]) return;
    const [from, to] = [encoder.tokenVector(tokens[at]), encoder.tokenVector(token)];
    for (let i = 0; i < tokenDim; i++) sum += slopes[at * tokenDim + i] * (to[i] - from[i]);
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

/** The better of two drawn at random. */
function fitter(scores: Float64Array, random: RandomStream): number {
  const [a, b] = [random.integer(scores.length), random.integer(scores.length)];
  return scores[a] <= scores[b] ? a : b;
}

/**
 * The dimensions that speak of a concept: those that change in the same direction, in nearly all pairs, when it is left out.
 *
 * @param pairs texts with the concept, each with the same text without it.
 * @param agree share of the pairs that must agree. Default 0.9.
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
