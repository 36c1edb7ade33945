/** What a function owns while it works, released in the reverse order however the function ends. */
export class Resources {
  private readonly releases: (() => unknown)[] = [];

  /** Owns something with a `dispose()`. @returns the same. */
  own<T extends { dispose: () => unknown }>(resource: T): T {
    this.releases.push(() => resource.dispose());
    return resource;
  }

  /** Calls a function at the end. */
  defer(release: () => unknown): void {
    this.releases.push(release);
  }

  /** Releases everything; what fails does not keep the rest from being released. @throws the first error, once all is released. */
  async release(): Promise<void> {
    const errors: unknown[] = [];
    for (const release of this.releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** Runs a function with resources of its own, which are released before the result is returned or the error thrown. */
export async function withResources<T>(work: (resources: Resources) => Promise<T>): Promise<T> {
  const resources = new Resources();
  let result: T;
  try {
    result = await work(resources);
  } catch (error) {
    // The error of the work is the one to know of.
    await resources.release().catch(() => {});
    throw error;
  }
  await resources.release();
  return result;
}
