/** The flags of a call, as they are asked for. */
export class Flags {
  constructor(private readonly args: readonly string[]) {}

  has(name: string): boolean {
    return this.args.includes(name);
  }

  /** What follows a flag. */
  text(name: string): string | undefined;
  text(name: string, otherwise: string): string;
  text(name: string, otherwise?: string): string | undefined {
    return this.has(name) ? (this.args[this.args.indexOf(name) + 1] ?? '') : otherwise;
  }

  /** What follows each time that a flag is given. */
  texts(name: string): string[] {
    return this.args.flatMap((arg, i) => (arg === name ? [this.args[i + 1] ?? ''] : []));
  }

  /** @throws {UsageError} if it is no whole number of `least` or more. */
  whole(name: string, otherwise: number, least = 1): number {
    const value = Number(this.text(name, String(otherwise)));
    if (!Number.isInteger(value) || value < least)
      throw new UsageError(`expected ${name} to be a whole number of ${least} or more, got ${this.text(name)}`);
    return value;
  }

  /** @throws {UsageError} if it is none of the choices. */
  choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const value = this.text(name, otherwise) as T;
    if (!choices.includes(value)) throw new UsageError(`expected ${name} of ${choices.join(', ')}, got ${value}`);
    return value;
  }
}

/** A call that cannot be meant. */
export class UsageError extends Error {}
