import type { Engine } from '@cxr-align/engine';
import { formatVersion } from '@cxr-align/classifier';
import { sha256 } from '@cxr-align/files';
import * as tf from '@tensorflow/tfjs-core';
import { labelCounts, trainingData } from '../training-data.js';
import type { Session } from './session.js';
import type { TrainOptions } from './train-options.js';

/** The content of `RUN/config.json`: what was wanted, on which data, computed by what. */
export function describeRun(
  options: TrainOptions,
  engine: Engine,
  {
    config,
    prepared,
    loop,
    start,
  }: Pick<Session, 'config' | 'prepared' | 'start'> & { loop?: Pick<Session['loop'], 'captureReport' | 'padding'> },
) {
  const { dataset, graph, truth, loaded, propagatedAnnotations, archive } = prepared;
  const { badRows, unreadable } = loaded;
  const { name, description, threads, kernels, reason, stepCapture } = engine.describe();
  const rows = dataset.samples.map(({ id, patient, split }) => [id, patient, split]);
  return {
    formatVersion,
    config,
    data: {
      path: options.data.path,
      features: options.features ?? null,
      ...(options.joined && { joined: options.joined.map(({ features }) => features) }),
      ...trainingData(dataset),
      labelCounts: labelCounts(dataset, graph.labels, truth),
      badRows: badRows.length,
      unreadableImages: unreadable.length,
      trainCount: options.trainCount ?? null,
      trainFraction: options.trainFraction ?? null,
      splitSeed: options.splitSeed ?? config.seed,
      split: options.split ?? null,
      ...(archive && { unlabelled: archive.description }),
      sha256: sha256(JSON.stringify([rows, [...dataset.annotations.values]])),
    },
    ...(start && { from: start }),
    graph: { name: graph.name, source: graph.source, propagatedAnnotations },
    engine: {
      name,
      description,
      threads,
      kernels,
      reason,
      stepCapture,
      ...(loop && { precision: config.precision, steps: loop.captureReport }),
      // A run that is resumed after its last step decided nothing.
      ...(loop?.padding && Object.keys(loop.padding).length > 0 && { padding: loop.padding }),
    },
    versions: { node: process.version, tfjs: tf.version_core },
  };
}
