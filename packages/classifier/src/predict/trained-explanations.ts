import { calibratedLogits, probabilitiesOf, trainedParents, type LabelCalibration } from '@cxr-align/evaluation';
import type { LabelGraph } from '@cxr-align/label-graph';
import { explanationOf, type Explanation, type ExplanationStep } from './explanation.js';
import type { LogitPart } from './logit-parts.js';

/** The probabilities of one image on their way: one value for each label. */
export interface PredictedSteps {
  graph: LabelGraph;
  /** Labels that were trained; others follow them. */
  trained: number;
  calibrations: readonly Pick<LabelCalibration, 'calibration'>[];
  /** Of the model, before calibration. */
  logits: ArrayLike<number>;
  /** What those of the trained labels are the sum of. */
  parts: readonly LogitPart[];
  calibrated: ArrayLike<number>;
  /** With untrained labels in their place in the graph. */
  placed: ArrayLike<number>;
  /** The probabilities that are predicted. */
  displayed: ArrayLike<number>;
}

/** Explains the predicted probability of each label: ensemble, calibration, place in the graph, hierarchy. */
export function trainedExplanations(steps: PredictedSteps): Explanation[] {
  const { graph, calibrations, logits, calibrated, placed, displayed, trained } = steps;
  const raw = probabilitiesOf(Float64Array.from(logits));
  const odds = calibratedLogits(logits, calibrations);
  const oddsOf = (label: number): number =>
    placed[label] === calibrated[label] ? odds[label] : logOdds(placed[label]);
  return graph.labels.map((name, i) => {
    const own: ExplanationStep[] =
      i < trained
        ? scoreSteps(steps, i)
        : [{ kind: 'prompts', name: 'similarity to its prompts', value: logits[i], probability: raw[i] }];
    const { kind } = calibrations[i].calibration;
    if (kind !== 'none') own.push({ kind: 'calibration', name: kind, value: odds[i], probability: calibrated[i] });
    if (placed[i] !== calibrated[i])
      own.push({ kind: 'parent', name: parentOf(steps, name), value: oddsOf(i), probability: placed[i] });
    if (displayed[i] !== placed[i]) {
      const below = graph.descendants(name).map((label) => graph.labels.indexOf(label));
      const by = below.find((label) => placed[label] === displayed[i])!;
      own.push({ kind: 'hierarchy', name: graph.labels[by], value: oddsOf(by), probability: displayed[i] });
    }
    return explanationOf('log-odds', own);
  });
}

/** The ensemble part by part; what the model's float32 sum rounds is in the largest. */
function scoreSteps({ parts, logits }: PredictedSteps, label: number): ExplanationStep[] {
  const own = parts.map(({ contributions }) => contributions[label]);
  const largest = own.reduce((best, value, i) => (Math.abs(value) > Math.abs(own[best]) ? i : best), 0);
  own[largest] += logits[label] - own.reduce((sum, value) => sum + value, 0);
  let value = 0;
  return parts.map(({ name }, i): ExplanationStep => {
    value = i === parts.length - 1 ? logits[label] : value + own[i];
    return { kind: 'score', name, value, probability: probabilitiesOf(Float64Array.of(value))[0] };
  });
}

/** The most probable trained label above one, whose probability its own was multiplied with. */
function parentOf({ graph, trained, calibrated }: PredictedSteps, label: string): string {
  const columnOf = (name: string): number => graph.labels.indexOf(name);
  const above = trainedParents(graph, label, (name) => columnOf(name) < trained);
  return above.reduce((best, name) => (calibrated[columnOf(name)] > calibrated[columnOf(best)] ? name : best));
}

function logOdds(probability: number): number {
  return Math.log(probability) - Math.log1p(-probability);
}
