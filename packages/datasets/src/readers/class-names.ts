import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { faultReason, InputError, readJson, readText } from '@cxr-align/files';
import { parseYaml } from '@cxr-align/files/yaml';

/** Columns by name, each as the `datasets` library notes a feature in a Parquet file. */
export type Features = Readonly<Record<string, unknown>>;

/** The most bytes of a data set's page. */
const longestCard = 2 ** 24;

/**
 * What a data set's own page states about its columns, where the Parquet files state nothing (files that other programs wrote):
 * the head of `README.md` (`dataset_info`), or `dataset_infos.json` of older sets.
 *
 * @param root the folder of the data set.
 * @param configuration the folder of its files; its name is that of the configuration.
 * @returns the features, in the words of the files, and the file that they come from; undefined if there are none.
 * @throws {InputError} if the head of the page is no YAML, or beyond its limits.
 * @see https://huggingface.co/docs/hub/datasets-cards
 */
export function cardFeatures(root: string, configuration: string): { features: Features; file: string } | undefined {
  const name = basename(configuration);
  for (const [file, infos] of [
    [join(root, 'README.md'), headInfos],
    [join(root, 'dataset_infos.json'), listedInfos],
  ] as const) {
    if (!existsSync(file)) continue;
    const all = infos(file);
    const one = all.find((info) => info.config_name === name) ?? (all.length === 1 ? all[0] : undefined);
    const features = one && featuresOf(one.features);
    if (features && Object.keys(features).length > 0) return { features, file };
  }
  return undefined;
}

interface Info {
  config_name?: unknown;
  features?: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `dataset_info` of a page's head: one object, or a list with one for each configuration. */
function headInfos(file: string): Info[] {
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readText(file, "a data set's page", longestCard))?.[1];
  if (head === undefined) return [];
  let card: unknown;
  try {
    card = parseYaml(head);
  } catch (error) {
    throw new InputError(
      `expected YAML between the two lines of three hyphens, got ${faultReason(error)}; correct it there, or remove the file`,
      { file },
    );
  }
  const info = isObject(card) ? card.dataset_info : undefined;
  return (Array.isArray(info) ? info : [info]).filter(isObject);
}

function listedInfos(file: string): Info[] {
  const infos = readJson(file);
  return isObject(infos)
    ? Object.entries(infos).flatMap(([config_name, info]) => (isObject(info) ? [{ ...info, config_name }] : []))
    : [];
}

/** A list of `{ name, dtype | list | sequence }`, or what the files themselves would say. */
function featuresOf(features: unknown): Features {
  if (isObject(features)) return features;
  const named = (Array.isArray(features) ? features : []).filter(isObject);
  return Object.fromEntries(
    named.flatMap(({ name, dtype, list, sequence }) => {
      const names = classNames(dtype) ?? classNames(list) ?? classNames(sequence);
      return typeof name === 'string' && names ? [[name, { _type: 'ClassLabel', names }]] : [];
    }),
  );
}

/** The names of `{ class_label: { names: { '0': 'NORMAL', '1': 'PNEUMONIA' } } }`, in the order of their numbers. */
function classNames(type: unknown): string[] | undefined {
  if (!isObject(type)) return undefined;
  if (!isObject(type.class_label)) return classNames(type.dtype);
  const { names } = type.class_label;
  const listed = Array.isArray(names) ? names : isObject(names) ? byNumber(names) : [];
  return listed.length > 0 && listed.every((name) => typeof name === 'string') ? (listed as string[]) : undefined;
}

function byNumber(names: Record<string, unknown>): unknown[] {
  const sorted = Object.entries(names).sort(([a], [b]) => Number(a) - Number(b));
  return sorted.every(([key], i) => Number(key) === i) ? sorted.map(([, name]) => name) : [];
}
