import { outputFile, outputFolder } from '../../usage/output-path.js';
import { commandGroup, dataFlags } from '../command.js';
import { compare } from './compare.js';
import { describe } from './describe.js';
import { init } from './init.js';
import { groupings } from '@cxr-align/curation';
import { balance, exportLabels, filter, merge, split } from './shape.js';

const { data, 'allow-patient-overlap': _overlap, 'any-modality': anyModality, ...readFlags } = dataFlags;
const graph = {
  type: 'string',
  default: 'auto',
  describe: 'Label graph of the data set: a label set, a file, or auto',
} as const;
const checkImages = {
  type: 'boolean',
  default: false,
  describe: 'Also decode every image: sizes, grey values, duplicates',
} as const;
const html = { type: 'string', describe: 'HTML file to write, with figures', coerce: outputFile('html') } as const;
const seed = { type: 'number', default: 0, describe: 'Random seed' } as const;
const writeFlags = {
  out: {
    type: 'string',
    demandOption: true,
    describe: 'New folder for the labels and their mapping; images are not copied',
    coerce: outputFolder('out'),
  },
  as: { choices: ['csv', 'parquet'] as const, default: 'csv' as const, describe: 'File format of the labels' },
  seed,
} as const;

const parts = [
  {
    command: 'describe',
    describe: 'Describe a data set: labels, patients, splits, the effect of each label policy',
    flags: { data, ...readFlags, 'any-modality': anyModality, graph, 'check-images': checkImages, html },
    run: describe,
  },
  {
    command: 'compare <sets..>',
    describe: 'Compare two data sets, or two splits',
    flags: {
      ...readFlags,
      splits: { type: 'string', describe: 'Two splits to compare, such as train,test: of one data set, or one of each' },
      graph: { ...graph, describe: 'Label graph of the first data set' },
      'graph-b': { ...graph, describe: 'Label graph of the second data set' },
      'check-images': checkImages,
      html,
    },
    run: compare,
  },
  {
    command: 'init',
    describe: 'Draft a mapping (dataset.yaml) for a table of an unknown layout',
    flags: {
      data: { type: 'string', demandOption: true, describe: 'The table: CSV, TSV or Parquet' },
      out: {
        type: 'string',
        describe: 'Mapping file to write; dataset.yaml beside the table unless given',
        coerce: outputFile('out'),
      },
    },
    run: init,
  },
  {
    command: 'split',
    describe: 'Split by patient into train, val and test, stratified over the labels',
    flags: {
      data,
      ...readFlags,
      val: { type: 'number', default: 0.1, describe: 'Share of the images in the validation split' },
      test: { type: 'number', default: 0.2, describe: 'Share of the images in the test split' },
      'keep-test': { type: 'boolean', default: false, describe: 'Keep the test split of the data set' },
      ...writeFlags,
    },
    run: split,
  },
  {
    command: 'filter',
    describe: 'Select images by split, label, sex or age',
    flags: {
      data,
      ...readFlags,
      split: { type: 'string', describe: 'Split to use; all unless given' },
      has: { type: 'string', array: true, describe: 'Only images with this label; repeat for more' },
      lacks: { type: 'string', array: true, describe: 'Only images without this label, known to be absent; repeat for more' },
      sex: { choices: ['F', 'M'] as const, describe: 'Only images of this sex' },
      age: { type: 'string', describe: 'Only ages in a range, both ends included: 18-65, 18- or -65' },
      count: { type: 'number', describe: 'Maximum number of images, in whole patients at random' },
      ...writeFlags,
    },
    run: filter,
  },
  {
    command: 'merge <sets..>',
    describe: 'Merge data sets in one label space; labels that a set does not have are unknown',
    flags: {
      ...readFlags,
      graph: { type: 'string', demandOption: true, describe: 'Label graph to map to: a label set or a file' },
      'check-images': checkImages,
      ...writeFlags,
    },
    run: merge,
  },
  {
    command: 'balance',
    describe: 'Exclude images until a label has the same prevalence in every group',
    flags: {
      data,
      ...readFlags,
      label: { type: 'string', demandOption: true, describe: 'Label to balance' },
      by: { choices: groupings, array: true, demandOption: true, describe: 'Attribute that defines the groups; repeat to combine' },
      prevalence: { type: 'number', describe: 'Target prevalence of the label; that of all images unless given' },
      'same-size': { type: 'boolean', default: false, describe: 'Also make all groups the same size' },
      split: { type: 'string', describe: 'Split to use; all unless given' },
      ...writeFlags,
    },
    run: balance,
  },
  {
    command: 'export',
    describe: 'Export the labels as one table',
    flags: {
      data,
      ...readFlags,
      out: {
        type: 'string',
        demandOption: true,
        describe: 'File to write, .csv or .parquet',
        coerce: outputFile('out'),
      },
      'label-policy': { type: 'string', describe: 'Export the targets of this label policy instead of the annotations' },
      graph,
      seed,
      force: { type: 'boolean', default: false, describe: 'Overwrite an existing file' },
    },
    run: exportLabels,
  },
] as const;

/** `cxr-align data describe|compare|init|split|filter|merge|balance|export`. */
export const dataCommand = commandGroup('data', parts);
