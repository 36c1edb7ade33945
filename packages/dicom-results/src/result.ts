import type { SourceImage } from './source.js';

/** What a model says of a label of an image. */
export interface LabelResult {
  label: string;
  /** In [0, 1]. */
  probability: number;
  /** The label is called present where its score reaches it, in [0, 1]. */
  threshold: number;
  /** Whether the label is called present. */
  positive: boolean;
}

/** A rectangle in pixels of the image, from its top left corner. */
export interface ResultBox {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Where a label is seen in the image. */
export interface BoxResult {
  label: string;
  boxes: readonly ResultBox[];
}

/** What is written as DICOM. */
export interface Result {
  source: SourceImage;
  /** The model: `hash` of its files, `version` of the program that ran it. */
  model: { name: string; hash: string; version: string };
  /** In the order of the report. */
  labels: readonly LabelResult[];
  /** Of the label with a map. */
  found?: BoxResult;
  /** When the result was computed. */
  date: Date;
}

/** Pixels of a picture with the result in it. */
export interface Picture {
  /** [height, width, 3] row by row: red, green, blue in [0, 255]. */
  data: Uint8Array;
  width: number;
  height: number;
}
