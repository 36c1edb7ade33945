import type { DicomIds, LabelMap, LabelPrediction } from '@cxr-align/classifier';

/** Which model answers. */
export interface ModelIdentity {
  name: string;
  /** SHA-256 of the model's files. */
  hash: string;
  /** Of cxr-align. */
  version: string;
  /** What computes. */
  engine: string;
  /** Where the thresholds are from. */
  thresholds: string;
}

/** An image to answer for. */
export interface Question {
  bytes: Uint8Array;
  /** For errors: no name of a patient. */
  name: string;
  explain?: boolean;
  map?: boolean;
  /** Writes the answer as DICOM objects, too. */
  asDicom?: boolean;
}

/** The answer as DICOM objects. */
export interface DicomFiles {
  report: Uint8Array;
  capture: Uint8Array;
  state?: Uint8Array;
}

/** What a model says of an image, or why it says nothing. */
export interface Answer extends DicomIds {
  labels?: Record<string, LabelPrediction>;
  map?: LabelMap;
  dicom?: DicomFiles;
  /** Why the image could not be read, or was refused. */
  error?: string;
  /** What was not written, and why. */
  remarks?: string[];
  /** Of reading and predicting. */
  seconds: number;
}

/** A model that answers, one image at a time or several. */
export interface Answerer {
  readonly model: ModelIdentity;
  readonly labels: readonly string[];
  /** @throws {AnswererFault} if the model failed, not the image: asking again may help. */
  answer(question: Question): Promise<Answer>;
  close(): Promise<void>;
}

/** The model failed, or took too long: nothing is known of the image. */
export class AnswererFault extends Error {
  override readonly name = 'AnswererFault';
}
