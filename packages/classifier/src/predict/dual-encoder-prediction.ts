import { InputError } from '@cxr-align/files';
import type { FrozenFeatures } from '@cxr-align/image-backbone';
import type { LabelGraph } from '@cxr-align/label-graph';
import type { DualEncoder } from '../zero-shot/dual-encoder.js';
import type { MapKind } from './label-maps.js';
import { checkChestFilm } from '../images/chest-film-check.js';
import { decodeSource } from '../images/image-reader.js';
import { windowOn } from '../images/visible-window.js';
import type { ImageSource } from '../images/image-source.js';
import { labelOfMap, placedLabelMap } from './label-map.js';
import type { ImagePrediction, LabelMap } from './prediction.js';
import { mapEvidence, type MapEvidence } from './map-evidence.js';
import type { MapRequest, PredictionMethod, PredictionRequest } from './predictor.js';
import { zeroShotPredictions } from './zero-shot-predictions.js';

/** Predicts by a dual encoder, which it owns: all labels are zero-shot. */
export class DualEncoderPrediction implements PredictionMethod<ImageSource> {
  readonly labels: readonly string[];
  readonly mapLabels: readonly string[];
  readonly mapKinds: readonly MapKind[] = ['similarity'];

  constructor(
    private readonly encoder: DualEncoder,
    private readonly graph: LabelGraph,
  ) {
    this.labels = graph.labels;
    this.mapLabels = graph.labels;
  }

  mapEvidence(kind: MapKind, label: string): MapEvidence {
    return mapEvidence([], kind, label);
  }

  check({ map, testViews }: PredictionRequest): void {
    if (testViews > 1)
      throw new InputError(
        `expected one view of the image (testViews) with a dual encoder, got ${testViews}; only a trained run averages views`,
      );
    const { images } = this.encoder;
    if (map && images.map?.dim !== images.dim)
      throw new InputError(
        `expected an image encoder whose map is in the space of the texts (${images.dim} numbers) for a map, got ${images.map ? `a map of ${images.map.dim} numbers` : 'one without a map'}; leave the map out`,
      );
  }

  async predict(image: ImageSource, { explain, map, anyModality }: PredictionRequest): Promise<ImagePrediction> {
    const { images, explainer } = this.encoder;
    if (!anyModality) await checkChestFilm(image);
    const pixels = await decodeSource(image, images.preprocessing);
    const features = await images.encode([pixels], map ? ['pooled', 'map'] : ['pooled']);
    const [views] = explainer.explain(features.pooled!);
    const labels = zeroShotPredictions(this.graph, views, { explain });
    return {
      ...(typeof image === 'string' && { file: image }),
      labels,
      ...(map && { map: await this.mapOf(image, features, labels, map) }),
    };
  }

  dispose(): Promise<void> {
    return this.encoder.images.dispose();
  }

  private async mapOf(
    image: ImageSource,
    features: FrozenFeatures,
    labels: ImagePrediction['labels'],
    request: MapRequest,
  ): Promise<LabelMap> {
    const { images, explainer } = this.encoder;
    const { kind } = request;
    const chosen = labelOfMap(request, this.mapLabels, labels);
    const similarity = explainer.similarityMap(features.map!, this.labels.indexOf(chosen.label));
    return placedLabelMap(
      { ...chosen, kind, evidence: this.mapEvidence(kind, chosen.label) },
      {
        grid: images.map!.grid,
        values: similarity.map((value) => Math.max(0, value)),
        window: await windowOn(image, images.preprocessing),
      },
    );
  }
}
