/** Which model a prediction is of. */
export interface ModelIdentity {
  /** The run folder, or the folder of the image encoder of a dual encoder. */
  name: string;
  /** SHA-256 of the model's files. */
  hash: string;
  /** The version of cxr-align that predicted. */
  version: string;
  /** What computed. */
  engine: string;
  /** Where the thresholds are from. */
  thresholds: string;
}
