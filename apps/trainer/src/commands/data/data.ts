import { commandGroup, dataFlags } from '../command.js';
import { compare } from './compare.js';
import { describe } from './describe.js';
import { init } from './init.js';
import { balance, exportLabels, filter, groupings, merge, split } from './shape.js';

const { data, format, images, projection, 'one-per-study': onePerStudy, 'max-bad': maxBad } = dataFlags;
const readFlags = { format, images, projection, 'one-per-study': onePerStudy, 'max-bad': maxBad } as const;
const graph = {
  type: 'string',
  default: 'auto',
  describe: 'Label graph of the data: a shipped set or a file',
} as const;
const checkImages = {
  type: 'boolean',
  default: false,
  describe: 'Decode every image, too: sizes, grey values, the same image twice',
} as const;
const html = { type: 'string', describe: 'File for a page with figures' } as const;
const seed = { type: 'number', default: 0, describe: 'Drives everything random' } as const;
const writeFlags = {
  out: {
    type: 'string',
    demandOption: true,
    describe: 'New folder for the labels and their mapping; images stay where they are',
  },
  as: { choices: ['csv', 'parquet'] as const, default: 'csv' as const, describe: 'How the labels are written' },
  seed,
} as const;

const parts = [
  {
    command: 'describe',
    describe: 'Count labels, patients, splits, and what each label policy does; draw it',
    flags: { data, ...readFlags, graph, 'check-images': checkImages, html },
    run: describe,
  },
  {
    command: 'compare <sets..>',
    describe: 'Hold two data sets, or two splits of one, against each other',
    flags: {
      ...readFlags,
      splits: { type: 'string', describe: 'Two splits to compare, such as train,test; of one set, or one of each' },
      graph: { ...graph, describe: 'Label graph of the first set' },
      'graph-b': { ...graph, describe: 'Label graph of the second set' },
      'check-images': checkImages,
      html,
    },
    run: compare,
  },
  {
    command: 'init',
    describe: 'Draft a mapping (dataset.yaml) for a table that no reader knows',
    flags: {
      data: { type: 'string', demandOption: true, describe: 'The table: CSV, TSV or Parquet' },
      out: { type: 'string', describe: 'File for the mapping; dataset.yaml beside the table unless given' },
    },
    run: init,
  },
  {
    command: 'split',
    describe: 'Split whole patients into train, val and test, each with its share of every label',
    flags: {
      data,
      ...readFlags,
      val: { type: 'number', default: 0.1, describe: 'Share of the images for validation' },
      test: { type: 'number', default: 0.2, describe: 'Share of the images for test' },
      'keep-test': { type: 'boolean', default: false, describe: 'Leave the test split of the data as it is' },
      ...writeFlags,
    },
    run: split,
  },
  {
    command: 'filter',
    describe: 'Keep the images that fit',
    flags: {
      data,
      ...readFlags,
      split: { type: 'string', describe: 'Only this split' },
      has: { type: 'string', array: true, describe: 'Only images with this label; repeat for more' },
      lacks: { type: 'string', array: true, describe: 'Only images without this label, known to be absent; repeat' },
      sex: { choices: ['F', 'M'] as const, describe: 'Only images of this sex' },
      age: { type: 'string', describe: 'Only ages of a range, both ends included: 18-65, 18- or -65' },
      count: { type: 'number', describe: 'So many images at most, whole patients at random' },
      ...writeFlags,
    },
    run: filter,
  },
  {
    command: 'merge <sets..>',
    describe: 'Put data sets together in one label space; what a set does not tell is not known',
    flags: {
      ...readFlags,
      graph: { type: 'string', demandOption: true, describe: 'Label graph to map to: a shipped set or a file' },
      ...writeFlags,
    },
    run: merge,
  },
  {
    command: 'balance',
    describe: 'Leave out images until a label is as frequent in one group as in the others',
    flags: {
      data,
      ...readFlags,
      label: { type: 'string', demandOption: true, describe: 'The label' },
      by: { choices: groupings, array: true, demandOption: true, describe: 'What makes the groups; repeat to combine' },
      prevalence: { type: 'number', describe: 'Share of images with the label; that of all images unless given' },
      'same-size': { type: 'boolean', default: false, describe: 'As many images in every group, too' },
      split: { type: 'string', describe: 'Only this split' },
      ...writeFlags,
    },
    run: balance,
  },
  {
    command: 'export',
    describe: 'Write the labels as one table',
    flags: {
      data,
      ...readFlags,
      out: { type: 'string', demandOption: true, describe: 'File that ends in .csv or .parquet' },
      'label-policy': { type: 'string', describe: 'Write the targets of this policy instead of the cells' },
      graph,
      seed,
      force: { type: 'boolean', default: false, describe: 'Write over a file that is there' },
    },
    run: exportLabels,
  },
] as const;

/** `cxr-align data describe|compare|init|split|filter|merge|balance|export`. */
export const dataCommand = commandGroup(
  'data',
  'See what is in data sets before anything is trained on them; shape them',
  parts,
);
