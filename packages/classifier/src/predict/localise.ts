import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openTable, type BadRow, type Dataset } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { normalizeLabel, type LabelGraph } from '@cxr-align/label-graph';
import {
  boxesOfMap,
  clusterRows,
  forEachResample,
  intersectionOverUnion,
  isInside,
  mapPeak,
  percentileInterval,
  shareInside,
  type Box,
  type PlacedMap,
} from '@cxr-align/metrics';
import { RandomStream } from '@cxr-align/random';
import * as tf from '@tensorflow/tfjs-core';
import { windowOf } from '../images/visible-window.js';
import type { ModelConfig } from '../model-config.js';
import type { ModelInputs } from '../model/model-inputs.js';
import type { Model } from '../model/model.js';
import { labelMaps, mapKindsOf } from './label-maps.js';
import { type Interval, type Localisation, type MaybeNumber, orNull } from '@cxr-align/evaluation';
import type { Progress } from '../progress.js';

/** Boxes of a data set: of a label, or of any where the table has no label. */
export interface BoxTable {
  file: string;
  /** By the image's name; a box without a label belongs to all of them. */
  ofImage: Map<string, { label: string | null; box: Box }[]>;
}

/**
 * Reads a table with the columns image, x, y, w, h, in pixels of the image, and perhaps label.
 *
 * @throws {InputError} if a column is missing or a row is no box.
 */
export async function readBoxes(file: string): Promise<BoxTable> {
  if (!existsSync(file))
    throw new InputError(
      'expected a table of boxes (image, label, x, y, w, h), got no such file; give the table (boxes)',
      {
        file,
      },
    );
  const table = await openTable(file);
  const column = (name: string): number => table.header.findIndex((one) => one.trim().toLowerCase() === name);
  const wanted = ['image', 'x', 'y', 'w', 'h'];
  const missing = wanted.filter((name) => column(name) < 0);
  if (missing.length > 0)
    throw new InputError(
      `expected the columns ${wanted.join(', ')}, got no ${missing.join(', ')}; name the columns so`,
      { file },
    );
  const places = wanted.map(column);
  const label = column('label');
  const badRows: BadRow[] = [];
  const ofImage: BoxTable['ofImage'] = new Map();
  const onRow = (cells: string[], line: number): void => {
    const [image, ...numbers] = places.map((at) => cells[at]);
    const [x, y, w, h] = numbers.map(Number);
    if (![x, y, w, h].every(Number.isFinite) || w <= 0 || h <= 0)
      throw new InputError(
        `expected a box of numbers with a width and a height, got ${numbers.join(', ')} in line ${line}; correct it there`,
        { file },
      );
    const list = ofImage.get(image) ?? [];
    list.push({ label: label < 0 ? null : cells[label], box: { x, y, w, h } });
    ofImage.set(image, list);
  };
  await table.each(onRow, (bad) => badRows.push(bad));
  if (badRows.length > 0)
    throw new InputError(
      `expected whole rows, got ${badRows.length} with another number of cells (the first in row ${badRows[0].row}); correct them`,
      { file },
    );
  return { file, ofImage };
}

/** The boxes of the given file, else those that the data set's reader found, else of `boxes.csv` beside it. */
export async function boxesOf(
  { boxes: file, path }: { boxes?: string; path: string },
  { boxes, name }: Pick<Dataset, 'boxes' | 'name'>,
): Promise<BoxTable> {
  if (file !== undefined || boxes === undefined) return readBoxes(file ?? join(path, 'boxes.csv'));
  const ofImage: BoxTable['ofImage'] = new Map();
  for (const { image, label, x, y, w, h } of boxes) {
    const one = { label, box: { x, y, w, h } };
    const own = ofImage.get(image);
    if (own) own.push(one);
    else ofImage.set(image, [one]);
  }
  return { file: `the boxes of ${name}`, ofImage };
}

/** One map against the boxes of its label. */
interface Hit {
  patient: string;
  label: string;
  pointing: number;
  iou: number;
  inside: number;
}

/** The floors that a map has to beat. */
const floors = ['random', 'centre'] as const;

/** What maps are computed from, and what they are compared with. */
export interface LocalisationRequest {
  model: Model;
  inputs: ModelInputs;
  dataset: Pick<Dataset, 'samples'>;
  samples: readonly number[];
  config: ModelConfig & { bootstrap: number };
  /** The trained labels. */
  graph: LabelGraph;
  /** [samples, labels] in the graph's label order; boxes without a label belong to the labels that are present. */
  truth: ArrayLike<number>;
  boxes: BoxTable;
  progress: Progress;
}

/**
 * How well the maps of a model show where a finding is: for each image and label with boxes, whether the largest value lies in
 * one (pointing game), the overlap of the box read off the map (intersection over union), and the share of the map inside them.
 */
export async function evaluateLocalisation({
  model,
  inputs,
  dataset,
  samples,
  config,
  graph,
  truth,
  boxes,
  progress,
}: LocalisationRequest): Promise<Localisation> {
  const kinds = mapKindsOf(model);
  const hits = new Map<string, Hit[]>([...kinds, ...floors].map((kind) => [kind, []]));
  const byName = new Map(graph.labels.map((label, i) => [normalizeLabel(label), i]));
  const bar = progress.start('drawing maps', samples.length);
  let images = 0;
  for (const [done, sample] of samples.entries()) {
    const { id, image, patient } = dataset.samples[sample];
    const listed = boxes.ofImage.get(id) ?? boxes.ofImage.get(basename(id)) ?? [];
    const present = (label: number): boolean => truth[sample * graph.labels.length + label] === 1;
    const wanted = new Map<number, Box[]>();
    for (const { label, box } of listed) {
      const columns =
        label === null
          ? graph.labels.flatMap((_, i) => (present(i) ? [i] : []))
          : [byName.get(normalizeLabel(label)) ?? []].flat();
      columns.forEach((at) => wanted.set(at, [...(wanted.get(at) ?? []), box]));
    }
    bar.update(done + 1);
    if (wanted.size === 0) continue;
    images++;
    const columns = [...wanted.keys()];
    const window = await windowOf(image, inputs.description, config);
    const batch = inputs.batch([sample]);
    const add = (kind: string, label: number, map: PlacedMap): void => {
      hits.get(kind)!.push({ patient, label: graph.labels[label], ...measure(map, wanted.get(label)!) });
    };
    let grid = 8;
    for (const kind of kinds) {
      const { maps, ...made } = await labelMaps(model, batch, kind, columns);
      if (kind !== 'occlusion') ({ grid } = made);
      maps.forEach((values, i) => add(kind, columns[i], { values, grid: made.grid, window }));
    }
    tf.dispose({ ...batch });
    for (const label of columns) {
      const random = new RandomStream({ seed: config.seed, purpose: `random-map/${id}`, step: label });
      add('random', label, { values: random.uniforms(grid * grid), grid, window });
      add('centre', label, { values: centreMap(grid), grid, window });
    }
  }
  bar.stop();
  return {
    boxes: basename(boxes.file),
    images,
    kinds: Object.fromEntries(
      [...hits].map(([kind, list]) => [kind, summarize(list, hits.get('centre')!, config.bootstrap)]),
    ),
  };
}

function measure(map: PlacedMap, boxes: readonly Box[]): Pick<Hit, 'pointing' | 'iou' | 'inside'> {
  const [found] = boxesOfMap(map);
  return {
    pointing: Number(isInside(mapPeak(map), boxes)),
    iou: found ? Math.max(...boxes.map((box) => intersectionOverUnion(found, box))) : 0,
    inside: shareInside(map, boxes),
  };
}

/** A bell in the middle, a quarter of the side wide. */
function centreMap(grid: number): Float32Array {
  const offset = (at: number): number => ((at + 0.5) / grid - 0.5) / 0.25;
  return Float32Array.from({ length: grid * grid }, (_, at) =>
    Math.exp(-0.5 * (offset(at % grid) ** 2 + offset(Math.floor(at / grid)) ** 2)),
  );
}

/** Images of a label in which one of two maps points into a box. */
function discordant(
  hits: readonly Hit[],
  centre: readonly Hit[],
  label: string,
): { onlyMap: number; onlyCentre: number } {
  const count = (difference: number): number =>
    hits.filter((hit, row) => hit.label === label && hit.pointing - centre[row].pointing === difference).length;
  return { onlyMap: count(1), onlyCentre: count(-1) };
}

const scores = ['pointing', 'iou', 'inside'] as const;

/**
 * Means over the labels of the means over their maps, with intervals by patient.
 *
 * @param centre the same of centre maps, row by row.
 */
function summarize(hits: readonly Hit[], centre: readonly Hit[], resamples: number): Localisation['kinds'][string] {
  const labels = [...new Set(hits.map(({ label }) => label))];
  const clusters = clusterRows(hits.map(({ patient }) => patient));
  const macro = (weights?: ArrayLike<number>): Record<(typeof scores)[number], number> => {
    const sums = new Map(labels.map((label) => [label, { count: 0, pointing: 0, iou: 0, inside: 0 }]));
    hits.forEach((hit, row) => {
      const sum = sums.get(hit.label)!;
      const weight = weights ? weights[row] : 1;
      sum.count += weight;
      for (const score of scores) sum[score] += weight * hit[score];
    });
    const counted = [...sums.values()].filter(({ count }) => count > 0);
    const mean = (score: (typeof scores)[number]): number =>
      counted.reduce((total, sum) => total + sum[score] / sum.count, 0) / counted.length;
    return { pointing: mean('pointing'), iou: mean('iou'), inside: mean('inside') };
  };
  const resampled = Object.fromEntries(scores.map((score) => [score, new Float64Array(resamples)]));
  if (hits.length > 0)
    forEachResample(clusters, { resamples }, (weights, resample) => {
      const values = macro(weights);
      for (const score of scores) resampled[score][resample] = values[score];
    });
  const whole = macro();
  const interval = (score: string): Interval =>
    resamples > 0 && hits.length > 0 ? (percentileInterval(resampled[score]).map(orNull) as Interval) : [null, null];
  const meanOf = (label: string, score: (typeof scores)[number]): MaybeNumber => {
    const own = hits.filter((hit) => hit.label === label);
    return orNull(own.reduce((sum, hit) => sum + hit[score], 0) / own.length);
  };
  return {
    pointing: orNull(whole.pointing),
    pointingCi: interval('pointing'),
    iou: orNull(whole.iou),
    iouCi: interval('iou'),
    inside: orNull(whole.inside),
    insideCi: interval('inside'),
    labels: Object.fromEntries(
      labels.map((label) => [
        label,
        {
          images: hits.filter((hit) => hit.label === label).length,
          pointing: meanOf(label, 'pointing'),
          ...discordant(hits, centre, label),
          iou: meanOf(label, 'iou'),
          inside: meanOf(label, 'inside'),
        },
      ]),
    ),
  };
}
