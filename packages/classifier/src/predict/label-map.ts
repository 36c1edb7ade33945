import { type Box, boxesOfMap } from '@cxr-align/metrics';
import type { MapKind } from './label-maps.js';
import type { MapEvidence } from './map-evidence.js';
import type { LabelMap, LabelPrediction } from './prediction.js';
import type { MapRequest } from './predictor.js';

/** The label of a map: the one that was requested, else the most probable one whose maps may be made. */
export function labelOfMap(
  { label: requested, labels }: MapRequest,
  all: readonly string[],
  predictions: Readonly<Record<string, LabelPrediction>>,
): Pick<LabelMap, 'label' | 'passedOver'> {
  if (requested !== undefined) return { label: requested };
  const label = labels.reduce((best, one) =>
    predictions[one].probability > predictions[best].probability ? one : best,
  );
  const passedOver = all.filter(
    (one) => !labels.includes(one) && predictions[one].probability > predictions[label].probability,
  );
  return { label, ...(passedOver.length > 0 && { passedOver }) };
}

/** The map of a label as plain data, with boxes around what stands out of it. */
export function placedLabelMap(
  {
    label,
    passedOver,
    kind,
    evidence,
  }: Pick<LabelMap, 'label' | 'passedOver'> & { kind: MapKind; evidence: MapEvidence },
  { grid, values, window }: { grid: number; values: Float32Array; window: Box },
): LabelMap {
  const boxes = boxesOfMap({ values, grid, window });
  return { label, kind, grid, values: [...values], boxes, window, evidence, ...(passedOver && { passedOver }) };
}
