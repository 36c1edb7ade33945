import { InputError } from '@cxr-align/files';
import { normalizeLabel } from '@cxr-align/label-graph';
import { assertOptions, nearestName } from '@cxr-align/tensor';
import { type MapKind, mapKinds } from './label-maps.js';
import type { MapEvidence } from './map-evidence.js';
import type { ImagePrediction, MapOptions, PredictorOptions } from './prediction.js';

/** {@link PredictorOptions} with every default filled in. */
export interface PredictionRequest {
  explain: boolean;
  zeroShot: boolean;
  anyModality: boolean;
  testViews: number;
  map?: MapRequest;
}

/** Which map is made. */
export interface MapRequest {
  label?: string;
  kind: MapKind;
  /** The labels whose maps may be made. */
  labels: readonly string[];
}

/** How a {@link Predictor} predicts: by a trained model, or by a dual encoder. */
export interface PredictionMethod<Image> {
  /** All labels that are predicted. */
  readonly labels: readonly string[];
  /** Those that have maps. */
  readonly mapLabels: readonly string[];
  /** The kinds of map that can be made, the default first. */
  readonly mapKinds: readonly MapKind[];
  /** What was measured of the maps of a label. */
  mapEvidence(kind: MapKind, label: string): MapEvidence;
  /** @throws {InputError} if what is requested cannot be predicted, before any image is read. */
  check(request: PredictionRequest): void;
  predict(image: Image, request: PredictionRequest): Promise<ImagePrediction>;
  dispose(): Promise<void>;
}

const where = 'classifier/Predictor.predict';

/**
 * Predicts the labels of images: probabilities, decisions at the thresholds of validation and, where wanted, explanations and maps.
 * It owns its model and encoders until {@link dispose}.
 *
 * @example
 * const predictor = await openPredictor('runs/a');
 * const { labels } = await predictor.predict('image.dcm');
 * console.log(labels.Edema.probability, labels.Edema.positive);
 * await predictor.dispose();
 */
export class Predictor<Image = string> {
  private method?: PredictionMethod<Image>;
  /** All labels that are predicted, in the order of the results. */
  readonly labels: readonly string[];
  /** The labels that have maps. */
  readonly mapLabels: readonly string[];
  /** The kinds of map that can be made; empty where none can. */
  readonly mapKinds: readonly MapKind[];

  /** @param method owned by the predictor from here on. */
  constructor(method: PredictionMethod<Image>) {
    this.method = method;
    this.labels = method.labels;
    this.mapLabels = method.mapLabels;
    this.mapKinds = method.mapKinds;
  }

  /**
   * Predicts one image, or several one after the other.
   *
   * @returns plain data, for each image in the order given.
   * @throws {InputError} if an image cannot be read or is no chest film (see `anyModality`), or if the options want what this predictor cannot predict: other images of
   *   the same call are then not returned.
   * @throws {TypeError} for an unknown option or an image of another kind, {@link RangeError} for an unknown label or kind of map.
   */
  predict(image: Image, options?: PredictorOptions): Promise<ImagePrediction>;
  predict(images: readonly Image[], options?: PredictorOptions): Promise<ImagePrediction[]>;
  async predict(
    images: Image | readonly Image[],
    options: PredictorOptions = {},
  ): Promise<ImagePrediction | ImagePrediction[]> {
    const method = this.opened();
    const request = this.check(options);
    if (!Array.isArray(images)) return method.predict(images as Image, request);
    const predictions: ImagePrediction[] = [];
    for (const image of images as readonly Image[]) predictions.push(await method.predict(image, request));
    return predictions;
  }

  /**
   * Checks options as {@link predict} does, before any image is read.
   *
   * @returns the options with every default filled in.
   * @throws {InputError} if this predictor cannot predict what they want, {@link TypeError} and {@link RangeError} as `predict`.
   */
  check(options: PredictorOptions = {}): PredictionRequest {
    const method = this.opened();
    const request = this.requestOf(options);
    method.check(request);
    return request;
  }

  /** Why no map of any label can be made without being forced; undefined where one can. */
  mapObstacle(): string | undefined {
    if (this.mapKinds.length === 0) return 'this model has no maps';
    try {
      this.check({ map: true });
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  }

  /** What was measured of the maps of a label: whether they show where it is. */
  mapEvidence(kind: MapKind, label: string): MapEvidence {
    return this.opened().mapEvidence(kind, label);
  }

  /** Releases the model, its tensors and its encoders. Further calls do nothing. */
  async dispose(): Promise<void> {
    const { method } = this;
    this.method = undefined;
    await method?.dispose();
  }

  private opened(): PredictionMethod<Image> {
    if (!this.method)
      throw new Error(`${where}: expected a predictor that is open, got one that was disposed; open it again`);
    return this.method;
  }

  private requestOf(options: PredictorOptions): PredictionRequest {
    assertOptions<Omit<PredictorOptions, 'map'>>(where, withoutMap(options), {
      explain: 'boolean',
      zeroShot: 'boolean',
      anyModality: 'boolean',
      testViews: { min: 1 },
    });
    const { explain = false, zeroShot = false, anyModality = false, testViews = 1, map } = options;
    if (!Number.isInteger(testViews))
      throw new RangeError(`${where}: expected testViews to be a whole number, got ${testViews}; try 4`);
    if (testViews > 1 && (explain || zeroShot))
      throw new InputError(
        `expected one view of the image (testViews) with ${explain ? 'explain' : 'zeroShot'}, which is of the image as it is, got ${testViews}; leave one out`,
      );
    const request = { explain, zeroShot, anyModality, testViews };
    if (map === undefined || map === false) return request;
    return { ...request, map: this.mapRequestOf(map === true ? {} : map) };
  }

  private mapRequestOf(map: MapOptions): NonNullable<PredictionRequest['map']> {
    const { label, kind = this.mapKinds[0], force = false, ...others } = map;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined)
      throw new TypeError(`${where}: expected map options among label, kind, force, got ${unknown}; remove it`);
    if (kind !== undefined && !mapKinds.includes(kind))
      throw new RangeError(`${where}: expected a map of kind ${mapKinds.join(', ')}, got ${String(kind)}`);
    if (!this.mapKinds.includes(kind))
      throw new RangeError(
        this.mapKinds.length === 0
          ? `${where}: expected no map of this predictor, which can make none; leave map out`
          : `${where}: expected a map of kind ${this.mapKinds.join(' or ')}, which this predictor has, got ${kind}; choose one of them`,
      );
    const labels = this.mapLabels.filter((name) => force || !isRefused(this.mapEvidence(kind, name)));
    if (label === undefined) {
      if (labels.length === 0) this.refuseMap(kind, this.mapLabels[0]);
      return { kind, labels };
    }
    const known = this.mapLabels.find((name) => normalizeLabel(name) === normalizeLabel(label));
    if (known === undefined) {
      const nearest = nearestName(label, this.mapLabels);
      throw new RangeError(
        `${where}: expected a label that has a map (${this.mapLabels.join(', ')}), got ${label}${nearest === undefined ? '' : `; try ${nearest}`}`,
      );
    }
    if (!labels.includes(known)) this.refuseMap(kind, known);
    return { kind, label: known, labels };
  }

  /** @throws {InputError} that maps of a label are no better than a centre map, and which other ones are not refused. */
  private refuseMap(kind: MapKind, label: string): never {
    const others = this.mapKinds.filter((one) => one !== kind && !isRefused(this.mapEvidence(one, label)));
    const hint = others.length > 0 ? `choose a map of kind ${others.join(' or ')}, or make` : 'make';
    throw new InputError(
      `expected maps that show where ${label} is, got ${this.mapEvidence(kind, label).text}; ${hint} it all the same (force)`,
    );
  }
}

/** Whether such maps are made only if that is forced. */
function isRefused({ verdict }: MapEvidence): boolean {
  return verdict === 'no better than a centre map';
}

/** The options but for the map, which has options of its own. @throws {TypeError} if the map is none. */
function withoutMap(options: PredictorOptions): Omit<PredictorOptions, 'map'> {
  if (typeof options !== 'object' || options === null) return options;
  const { map, ...others } = options;
  if (map !== undefined && typeof map !== 'boolean' && (typeof map !== 'object' || map === null || Array.isArray(map)))
    throw new TypeError(
      `${where}: expected map to be true or { label, kind }, got ${Array.isArray(map) ? 'an array' : map === null ? 'null' : typeof map}; pass map: { label: NAME }`,
    );
  return others;
}
