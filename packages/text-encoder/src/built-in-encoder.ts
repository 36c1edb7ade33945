import { sha256 } from '@cxr-align/files';
import { hashString, RandomStream } from '@cxr-align/random';
import { normalizeRow, type TextEncoder } from './text-encoder.js';

/** A label and its words: plain data, for example from a label graph. */
export interface Concept {
  name: string;
  synonyms: readonly string[];
  /** Names of broader concepts among the others. */
  parents: readonly string[];
}

/** Settings of the built-in encoder. */
export interface BuiltInEncoderOptions {
  /** Width of an embedding. Default 256. */
  dim?: number;
}

/** The weights of concept, spelling and negation in an embedding. */
const shares = { concept: 1, spelling: 0.3, negation: 0.75 };

/** Words without a meaning of their own. */
const fillers = new Set(
  'a an the of in on at with and or is are there this that such as its any some sign signs evidence findings finding impression radiograph shows chest image images for to'.split(
    ' ',
  ),
);

const negations = new Set([
  'no',
  'not',
  'without',
  'absent',
  'absence',
  'negative',
  'free',
  'normal',
  'clear',
  'intact',
]);

/**
 * A deterministic encoder without weights: it matches the names and synonyms of concepts by their letter trigrams, so that it
 * tolerates typos, and gives concepts that are close in the hierarchy similar embeddings.
 *
 *   embedding = unit(concept + 0.3 · spelling + 0.75 · negation), negation only for negated texts
 *
 * It is no language model: a text without any known word is embedded by its spelling alone.
 */
export class BuiltInTextEncoder implements TextEncoder {
  readonly name = 'built-in';
  readonly dim: number;
  readonly hash: string;
  private readonly phrases: { concept: number; trigrams: ReadonlySet<string> }[];
  private readonly directions: Float32Array[];
  private readonly rarity = new Map<string, number>();

  constructor(concepts: readonly Concept[], { dim = 256 }: BuiltInEncoderOptions = {}) {
    this.dim = dim;
    this.hash = sha256(JSON.stringify([dim, concepts]));
    this.phrases = concepts.flatMap(({ name, synonyms }, concept) =>
      [name, ...synonyms].map((text) => ({ concept, trigrams: new Set(trigramsOf(contentWords(text).words)) })),
    );
    for (const { trigrams } of this.phrases) {
      for (const trigram of trigrams) this.rarity.set(trigram, (this.rarity.get(trigram) ?? 0) + 1);
    }
    for (const [trigram, count] of this.rarity) this.rarity.set(trigram, 1 + Math.log(this.phrases.length / count));
    this.directions = this.directionsOf(concepts);
  }

  encode(texts: readonly string[]): Promise<Float32Array> {
    const out = new Float32Array(texts.length * this.dim);
    texts.forEach((text, i) => this.encodeOne(text, out.subarray(i * this.dim, (i + 1) * this.dim)));
    return Promise.resolve(out);
  }

  private encodeOne(text: string, out: Float32Array): void {
    const { words, negated } = contentWords(text);
    const trigrams = trigramsOf(words);
    const concepts = new Float32Array(this.dim);
    const found = this.matchConcepts(new Set(trigrams));
    found.forEach((weight, concept) => add(concepts, this.directions[concept], weight));
    normalizeRow(concepts);
    const spelling = new Float32Array(this.dim);
    for (const trigram of trigrams) add(spelling, randomDirection(`triple/${trigram}`, this.dim), 1);
    normalizeRow(spelling);
    add(out, concepts, shares.concept);
    add(out, spelling, shares.spelling);
    if (negated) add(out, randomDirection('negation', this.dim), shares.negation);
    normalizeRow(out);
  }

  /** The weight of each concept, from its best phrase; a clear winner has nearly all. */
  private matchConcepts(trigrams: ReadonlySet<string>): Map<number, number> {
    const best = new Map<number, number>();
    for (const { concept, trigrams: known } of this.phrases) {
      const match = this.overlap(trigrams, known);
      if (match > (best.get(concept) ?? 0)) best.set(concept, match);
    }
    const strongest = Math.max(0, ...best.values());
    return strongest < 0.15
      ? new Map()
      : new Map([...best].map(([concept, match]) => [concept, strongest * (match / strongest) ** 12]));
  }

  /** Weighted Dice coefficient of two sets of letter trigrams; rare trigrams have larger weights. */
  private overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
    const weight = (set: Iterable<string>): number => {
      let sum = 0;
      for (const trigram of set) sum += this.rarity.get(trigram) ?? 1 + Math.log(this.phrases.length + 1);
      return sum;
    };
    const shared = [...b].filter((trigram) => a.has(trigram));
    return (2 * weight(shared)) / Math.max(1e-9, weight(a) + weight(b));
  }

  /** The direction of each concept: its own plus 0.8 times the mean of its parents'. */
  private directionsOf(concepts: readonly Concept[]): Float32Array[] {
    const known = new Map<string, Float32Array>();
    const byName = new Map(concepts.map((concept) => [concept.name, concept]));
    const directionOf = (name: string): Float32Array => {
      const made = known.get(name);
      if (made) return made;
      const direction = randomDirection(`concept/${name}`, this.dim);
      known.set(name, direction);
      const above = (byName.get(name)?.parents ?? []).filter((parent) => byName.has(parent));
      for (const parent of above) add(direction, directionOf(parent), 0.8 / above.length);
      normalizeRow(direction);
      return direction;
    };
    return concepts.map(({ name }) => directionOf(name));
  }
}

/** The content words of a text, and whether they are negated. */
function contentWords(text: string): { words: string[]; negated: boolean } {
  const all = text
    .toLowerCase()
    .replace(/oedema/g, 'edema')
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  const words = all.filter((word) => !fillers.has(word) && !negations.has(word));
  // Some names consist of such words only: "No Finding", "normal".
  if (words.length === 0) return { words: all, negated: false };
  return { words, negated: all.some((word) => negations.has(word)) };
}

/** The letter trigrams of each word, with its ends marked. */
function trigramsOf(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const marked = `#${word}#`;
    return Array.from({ length: marked.length - 2 }, (_, i) => marked.slice(i, i + 3));
  });
}

const directions = new Map<string, Float32Array>();

/** A unit vector that is a pure function of a name. */
function randomDirection(name: string, dim: number): Float32Array {
  const key = `${dim}/${name}`;
  let direction = directions.get(key);
  if (!direction) {
    direction = new RandomStream({ seed: hashString(name), purpose: 'text/direction' }).normals(dim);
    normalizeRow(direction);
    directions.set(key, direction);
  }
  return direction.slice();
}

function add(sum: Float32Array, vector: Float32Array, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += weight * vector[i];
}
