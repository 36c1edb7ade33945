import { sha256 } from '@cxr-align/files';
import { hashString, RandomStream } from '@cxr-align/random';
import { normalizeRow, type TextEncoder } from './text-encoder.js';

/** What the built-in encoder knows of a label: plain data, say from a label graph. */
export interface Concept {
  name: string;
  synonyms: readonly string[];
  /** Names of broader concepts among the others. */
  parents: readonly string[];
}

export interface BuiltInEncoderOptions {
  /** Default 256. */
  dim?: number;
}

/** How much a vector is made of what is meant, of how it is spelt, and of a negation. */
const shares = { concept: 1, spelling: 0.3, negation: 0.75 };

/** Words that say nothing about what is meant. */
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
 * An encoder that needs no download and no training: it knows the words of a label graph (names and synonyms), recognises
 * them by their letter triples, also with a typo, and gives concepts that are close in the graph vectors that are close.
 *
 * It is deterministic, and no language model: a text without any known word is placed by its spelling alone.
 */
export class BuiltInTextEncoder implements TextEncoder {
  readonly name = 'built-in';
  readonly dim: number;
  readonly hash: string;
  private readonly phrases: { concept: number; triples: ReadonlySet<string> }[];
  private readonly meanings: Float32Array[];
  private readonly rarity = new Map<string, number>();

  constructor(concepts: readonly Concept[], { dim = 256 }: BuiltInEncoderOptions = {}) {
    this.dim = dim;
    this.hash = sha256(JSON.stringify([dim, concepts]));
    this.phrases = concepts.flatMap(({ name, synonyms }, concept) =>
      [name, ...synonyms].map((text) => ({ concept, triples: new Set(triplesOf(contentWords(text).words)) })),
    );
    for (const { triples } of this.phrases) {
      for (const triple of triples) this.rarity.set(triple, (this.rarity.get(triple) ?? 0) + 1);
    }
    for (const [triple, count] of this.rarity) this.rarity.set(triple, 1 + Math.log(this.phrases.length / count));
    this.meanings = this.placeConcepts(concepts);
  }

  encode(texts: readonly string[]): Promise<Float32Array> {
    const out = new Float32Array(texts.length * this.dim);
    texts.forEach((text, i) => this.encodeOne(text, out.subarray(i * this.dim, (i + 1) * this.dim)));
    return Promise.resolve(out);
  }

  private encodeOne(text: string, out: Float32Array): void {
    const { words, negated } = contentWords(text);
    const triples = triplesOf(words);
    const meaning = new Float32Array(this.dim);
    const found = this.recognize(new Set(triples));
    found.forEach((weight, concept) => add(meaning, this.meanings[concept], weight));
    normalizeRow(meaning);
    const spelling = new Float32Array(this.dim);
    for (const triple of triples) add(spelling, randomDirection(`triple/${triple}`, this.dim), 1);
    normalizeRow(spelling);
    add(out, meaning, shares.concept);
    add(out, spelling, shares.spelling);
    if (negated) add(out, randomDirection('negation', this.dim), shares.negation);
    normalizeRow(out);
  }

  /** How much each concept is meant: from its best phrase, the clear winner taking nearly all. */
  private recognize(triples: ReadonlySet<string>): Map<number, number> {
    const best = new Map<number, number>();
    for (const { concept, triples: known } of this.phrases) {
      const match = this.overlap(triples, known);
      if (match > (best.get(concept) ?? 0)) best.set(concept, match);
    }
    const strongest = Math.max(0, ...best.values());
    return strongest < 0.15
      ? new Map()
      : new Map([...best].map(([concept, match]) => [concept, strongest * (match / strongest) ** 12]));
  }

  /** Weighted Dice overlap of two sets of letter triples; triples that few phrases have count more. */
  private overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
    const weight = (set: Iterable<string>): number => {
      let sum = 0;
      for (const triple of set) sum += this.rarity.get(triple) ?? 1 + Math.log(this.phrases.length + 1);
      return sum;
    };
    const shared = [...b].filter((triple) => a.has(triple));
    return (2 * weight(shared)) / Math.max(1e-9, weight(a) + weight(b));
  }

  /** A direction for each concept, half its own and half that of its parents. */
  private placeConcepts(concepts: readonly Concept[]): Float32Array[] {
    const places = new Map<string, Float32Array>();
    const byName = new Map(concepts.map((concept) => [concept.name, concept]));
    const place = (name: string): Float32Array => {
      const known = places.get(name);
      if (known) return known;
      const direction = randomDirection(`concept/${name}`, this.dim);
      places.set(name, direction);
      const above = (byName.get(name)?.parents ?? []).filter((parent) => byName.has(parent));
      for (const parent of above) add(direction, place(parent), 0.8 / above.length);
      normalizeRow(direction);
      return direction;
    };
    return concepts.map(({ name }) => place(name));
  }
}

/** The words of a text that mean something, and whether they are negated. */
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

/** The letter triples of each word, its ends marked. */
function triplesOf(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const marked = `#${word}#`;
    return Array.from({ length: marked.length - 2 }, (_, i) => marked.slice(i, i + 3));
  });
}

const directions = new Map<string, Float32Array>();

/** A unit vector that depends on a name alone. */
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
