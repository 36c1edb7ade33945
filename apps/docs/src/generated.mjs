// Pages that are made at every build from what they describe.

/** The generated pages, as `pageOf` makes them. */
export async function generatedPages() {
  return [];
}
