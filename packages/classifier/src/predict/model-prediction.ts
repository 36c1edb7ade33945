import {
  calibratedProbabilities,
  decideRow,
  decisionProbabilities,
  definedThreshold,
  placeInGraph,
} from '@cxr-align/evaluation';
import { InputError } from '@cxr-align/files';
import { enforceHierarchy, type LabelGraph } from '@cxr-align/label-graph';
import { predictionSet } from '@cxr-align/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { type MapKind, labelMaps, mapKindsOf } from './label-maps.js';
import type { LoadedModel } from '../store/open-model.js';
import type { ModelBatch } from '../model/model-inputs.js';
import { type PromptView, RunExplainer } from '../zero-shot/explanations.js';
import { mapEvidence, type MapEvidence, type MeasuredMaps } from './map-evidence.js';
import { pooledOf } from '../model/fitted-head-model.js';
import { opposingFindings, type Explanation } from './explanation.js';
import { logitParts } from './logit-parts.js';
import { trainedExplanations } from './trained-explanations.js';
import { refuseNonFiniteLogits } from '../store/non-finite.js';
import { predictLogits } from './predict-images.js';
import type { ImageReader } from '../images/image-reader.js';
import { predictedLabels } from '../zero-shot/predicted-labels.js';
import { labelOfMap, placedLabelMap } from './label-map.js';
import type { ImagePrediction, LabelMap, LabelPrediction } from './prediction.js';
import type { MapRequest, PredictionMethod, PredictionRequest } from './predictor.js';
import { zeroShotPredictions } from './zero-shot-predictions.js';

/** Training images that an explanation lists. */
const shownNeighbours = 5;

/** Predicts by a trained model, which it owns with its reader. */
export class ModelPrediction<Image> implements PredictionMethod<Image> {
  readonly labels: readonly string[];
  readonly mapLabels: readonly string[];
  readonly mapKinds: readonly MapKind[];
  private readonly facts: ReturnType<typeof predictedLabels>;
  /** Made when it is first needed. */
  private explainer?: RunExplainer;
  private measured?: readonly MeasuredMaps[];

  constructor(
    private readonly loaded: LoadedModel,
    private readonly reader: ImageReader<Image>,
    /** Evaluations of the model whose maps were compared with boxes; requested when a map is first wanted. */
    private readonly readMeasured: () => readonly MeasuredMaps[] = () => [],
  ) {
    const { stored, zeroShot, model } = loaded;
    this.facts = predictedLabels(stored, zeroShot);
    this.labels = this.facts.graph.labels;
    this.mapLabels = stored.graph.labels;
    // Occlusion, which every model has, is the default.
    this.mapKinds = mapKindsOf(model).sort((a, b) => Number(b === 'occlusion') - Number(a === 'occlusion'));
  }

  mapEvidence(kind: MapKind, label: string): MapEvidence {
    this.measured ??= this.readMeasured();
    return mapEvidence(this.measured, kind, label);
  }

  check({ zeroShot }: PredictionRequest): void {
    if (zeroShot && !this.hasObservations())
      throw new InputError(
        'expected a run that knows the observations of its labels for zero-shot predictions (model aligned, prompts encoded by the run itself), got another; train it again',
      );
  }

  private hasObservations(): boolean {
    const { stored, model } = this.loaded;
    return stored.texts?.descriptors !== undefined && model.prompts !== undefined;
  }

  async predict(image: Image, request: PredictionRequest): Promise<ImagePrediction> {
    const inputs = await this.reader.read(image, request);
    const batch = inputs.batch([0]);
    try {
      const labels = await this.predictLabels(batch, request, (view) => inputs.batch([0], view));
      return {
        ...(typeof image === 'string' && { file: image }),
        labels,
        ...(request.explain && (await this.neighboursOf(batch))),
        ...(request.map && { map: await this.mapOf(batch, labels, { ...request.map, window: await inputs.window() }) }),
      };
    } finally {
      tf.dispose({ ...batch });
    }
  }

  /** The training images that are most like an image, of a model that keeps them. */
  private async neighboursOf({ main }: ModelBatch): Promise<Pick<ImagePrediction, 'neighbours'>> {
    const { head } = this.loaded.model;
    if (!head?.neighboursOf) return {};
    const [images, height, width, dim] = main.shape;
    const shape = { images, patches: height * width, dim };
    const data = (await main.data()) as Float32Array;
    const [neighbours] = head.neighboursOf(
      { pooled: pooledOf(data, shape), maps: { ...shape, data } },
      shownNeighbours,
    );
    return { neighbours };
  }

  async dispose(): Promise<void> {
    this.explainer?.dispose();
    this.explainer = undefined;
    this.loaded.dispose();
    await this.reader.dispose();
  }

  private async predictLabels(
    batch: ModelBatch,
    { explain, zeroShot, testViews }: PredictionRequest,
    viewOf: (view: number) => ModelBatch,
  ): Promise<Record<string, LabelPrediction>> {
    const { graph } = this.facts;
    const views = zeroShot || (explain && this.hasObservations()) ? await this.viewPrompts(batch) : undefined;
    if (zeroShot) return zeroShotPredictions(graph, views!, { explain });
    const { labels, explanations } = await this.predictTrained(batch, { explain, testViews, viewOf });
    if (!explanations) return labels;
    return Object.fromEntries(
      graph.labels.map((label, i): [string, LabelPrediction] => {
        const against = opposingFindings(label, graph, labels);
        const promptsAlone = views?.[i];
        const explanation = { ...explanations[i], ...(against && { against }), ...(promptsAlone && { promptsAlone }) };
        return [label, { ...labels[label], explanation }];
      }),
    );
  }

  private viewPrompts(batch: ModelBatch): Promise<PromptView[]> {
    this.explainer ??= new RunExplainer(this.loaded);
    return this.explainer.explain(batch);
  }

  /** Probabilities by the trained score, calibrated and decided as the evaluation does, and what they are composed of. */
  private async predictTrained(
    batch: ModelBatch,
    {
      explain,
      testViews,
      viewOf,
    }: Pick<PredictionRequest, 'explain' | 'testViews'> & { viewOf: (view: number) => ModelBatch },
  ): Promise<{ labels: Record<string, LabelPrediction>; explanations?: Explanation[] }> {
    const { model, stored, zeroShot } = this.loaded;
    const { graph, calibrations, thresholds } = this.facts;
    const trained = stored.graph.labels.length;
    const inputs = { batch: (_: ArrayLike<number>, view = 0) => (view === 0 ? batch : viewOf(view)) };
    const logits = await predictLogits(model, inputs, [0], { zeroShot, views: testViews });
    refuseNonFiniteLogits(logits, graph.labels, () => 'the image');
    const calibrated = calibratedProbabilities(logits, calibrations);
    const placed = placeInGraph(calibrated, graph, trained);
    const scores = decisionProbabilities(stored.config, graph, placed);
    const displayed = enforceHierarchy(placed, graph);
    const decisions = decideRow({ probabilities: scores, thresholds, graph });
    const labels = labelRecord(graph, (i) => {
      const { conformal } = calibrations[i];
      return {
        probability: displayed[i],
        score: scores[i],
        threshold: definedThreshold(thresholds[i]),
        ...decisions[i],
        ...(conformal && { set: answersOf(predictionSet(conformal, scores[i])) }),
      };
    });
    if (!explain) return { labels };
    const parts = await logitParts(model, batch);
    const steps = { graph, trained, calibrations, logits, parts, calibrated, placed, displayed };
    return { labels, explanations: trainedExplanations(steps) };
  }

  private async mapOf(
    batch: ModelBatch,
    labels: ImagePrediction['labels'],
    { window, ...request }: MapRequest & Pick<LabelMap, 'window'>,
  ): Promise<LabelMap> {
    const { kind } = request;
    const chosen = labelOfMap(request, this.mapLabels, labels);
    const { grid, maps } = await labelMaps(this.loaded.model, batch, kind, [this.mapLabels.indexOf(chosen.label)]);
    const evidence = this.mapEvidence(kind, chosen.label);
    return placedLabelMap({ ...chosen, kind, evidence }, { grid, values: maps[0], window });
  }
}

function labelRecord(
  graph: LabelGraph,
  predictionOf: (label: number) => LabelPrediction,
): Record<string, LabelPrediction> {
  return Object.fromEntries(graph.labels.map((label, i) => [label, predictionOf(i)]));
}

/** The answers that a conformal set holds. */
function answersOf({ present, absent }: { present: boolean; absent: boolean }): ('present' | 'absent')[] {
  return [...(present ? (['present'] as const) : []), ...(absent ? (['absent'] as const) : [])];
}
