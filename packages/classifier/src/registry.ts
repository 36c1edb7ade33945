import { nearestName } from '@cxr-align/tensor';
import { z } from 'zod';

/** Things of one kind by name, such as losses. Built-in ones and those of plug-ins are registered the same way. */
export class Registry<T> {
  private readonly entries = new Map<string, T>();

  /**
   * @param where whose registry it is, for errors: `training/registerWeighting`.
   * @param kind what the things are, for errors: "weighting of losses".
   */
  constructor(
    private readonly where: string,
    private readonly kind: string,
  ) {}

  /** @throws {RangeError} if the name is taken, or is no name. */
  register(name: string, entry: T): void {
    if (typeof name !== 'string' || name === '')
      throw new RangeError(`${this.where}: expected a name for a ${this.kind}, got ${JSON.stringify(name)}`);
    if (this.entries.has(name))
      throw new RangeError(
        `${this.where}: expected a new name for a ${this.kind}, got ${name}, which is registered already; choose another`,
      );
    this.entries.set(name, entry);
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** @throws {RangeError} if there is none of that name. */
  get(name: string): T {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new RangeError(`${this.where}: ${this.unknown(name)}`);
    return entry;
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** The message for a name that is not registered: the known names and the nearest one. */
  unknown(name: string): string {
    const nearest = nearestName(name, this.names);
    return `expected a ${this.kind} of ${this.names.join(', ')}, got ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  }
}

/** The schema of a name that is registered when the configuration is checked; the registry is in its metadata. */
export function registeredName(registry: Registry<unknown>): z.ZodString {
  return z
    .string()
    .refine((name) => registry.has(name), { error: ({ input }) => registry.unknown(String(input)), abort: true })
    .meta({ registry });
}
