/** Why an engine could not be set up, and what to do about it. */
export class SetUpError extends Error {
  override readonly name = 'SetUpError';
}
