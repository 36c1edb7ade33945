/** Groups that are named. */
const named = 20;
/** Images of a group, and patients, that are named. */
const namedImages = 100;

/** Images that are the same, byte by byte or nearly. */
export interface SameImages {
  /** The first 100 of them. */
  images: string[];
  /** How many there are. */
  count: number;
  splits: string[];
  /** The first 100 of their patients. */
  patients: string[];
  /** Bits of 256 in which their hashes differ; 0 for the same bytes. */
  distance: number;
}

/** How many groups of the same images there are, and the first of them, those over several splits before others. */
export interface Duplicates {
  groups: number;
  overSplits: number;
  overPatients: number;
  examples: SameImages[];
}

/** Images that belong together, and where they are. */
export interface ImageGroup {
  ids: readonly string[];
  splits: ReadonlySet<string>;
  patients: ReadonlySet<string>;
}

/** Two groups as one that is only put together where it is read. */
export function joinGroups(a: ImageGroup, b: ImageGroup): ImageGroup {
  const union = (one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> => {
    if ([...other].every((value) => one.has(value))) return one;
    return new Set([...one, ...other]);
  };
  return {
    get ids() {
      return [...a.ids, ...b.ids];
    },
    splits: union(a.splits, b.splits),
    patients: union(a.patients, b.patients),
  };
}

/** Counts groups, and keeps the worst of them: however many there are, it takes the same memory. */
export class DuplicateTally {
  private groups = 0;
  private overSplits = 0;
  private overPatients = 0;
  private worst: { group: ImageGroup; distance: number; place: number }[] = [];

  add(group: ImageGroup, distance: number): void {
    const place = this.groups++;
    if (group.splits.size > 1) this.overSplits++;
    if (group.patients.size > 1) this.overPatients++;
    const entry = { group, distance, place };
    if (this.worst.length === named && isWorse(this.worst[named - 1], entry) <= 0) return;
    this.worst = [...this.worst, entry].sort(isWorse).slice(0, named);
  }

  result(): Duplicates {
    const { groups, overSplits, overPatients } = this;
    const examples = this.worst.map(({ group: { ids, splits, patients }, distance }) => ({
      images: ids.slice(0, namedImages),
      count: ids.length,
      splits: [...splits],
      patients: [...patients].slice(0, namedImages),
      distance,
    }));
    return { groups, overSplits, overPatients, examples };
  }
}

type Entry = { group: ImageGroup; distance: number; place: number };

/** Below 0 where the first is worse: over more splits, then more patients, then nearer. */
function isWorse(a: Entry, b: Entry): number {
  return (
    b.group.splits.size - a.group.splits.size ||
    b.group.patients.size - a.group.patients.size ||
    a.distance - b.distance ||
    a.place - b.place
  );
}
