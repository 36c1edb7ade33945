import { outputFile, outputFolder } from '../../usage/output-path.js';
import { commandGroup, dataFlags, engineFlags } from '../command.js';
import { compare } from './compare.js';
import { describe } from './describe.js';
import { init } from './init.js';
import { groupings } from '@cxr-align/curation';
import { labelStudio } from './label-studio.js';
import { next } from './next.js';
import { suspects } from './suspects.js';
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
    command: 'suspects',
    describe: 'Find labels that are probably wrong, by cross-validation, similar images, the hierarchy and duplicates',
    flags: {
      data,
      ...readFlags,
      features: { type: 'string', describe: 'Feature store of the images (see extract)' },
      scores: {
        type: 'string',
        describe:
          'Out-of-fold scores to use instead of a cross-validation: a table by sample such as predictions.parquet, or .npy',
      },
      samples: { type: 'string', describe: 'Names of the samples of --scores in .npy: .npy, a table, or a line each' },
      labels: { type: 'string', describe: 'Names of the labels of --scores in .npy: a JSON list' },
      graph,
      'label-policy': {
        type: 'string',
        default: 'u-ignore',
        describe: 'Label policy for uncertain and blank annotations; annotated ones stay',
      },
      split: { type: 'string', describe: 'Split to use; all unless given' },
      folds: { type: 'number', default: 5, describe: 'Folds of the cross-validation, patients whole' },
      neighbours: {
        type: 'number',
        default: 10,
        describe: 'Similar images of other patients to compare each image with; 0 for none',
      },
      'check-images': {
        ...checkImages,
        describe: 'Also decode every image, to find nearly the same images with different labels',
      },
      out: { type: 'string', describe: 'CSV file to write, all suspects', coerce: outputFile('out') },
      html: { type: 'string', describe: 'HTML file to write', coerce: outputFile('html') },
      thumbnails: {
        type: 'number',
        default: 0,
        describe: 'Number of images to show in the HTML file; images of patients stay in it',
      },
      seed,
    },
    run: suspects,
  },
  {
    command: 'next',
    describe: 'Choose which images to label next: representative ones at first, then those that a model is unsure of',
    flags: {
      data,
      ...readFlags,
      features: { type: 'string', demandOption: true, describe: 'Feature store of the images (see extract)' },
      count: { type: 'number', demandOption: true, describe: 'Number of images to choose' },
      run: {
        type: 'string',
        describe: 'Trained run whose probabilities are used; a logistic regression on the labelled images unless given',
      },
      encoder: { type: 'string', describe: 'Frozen image encoder of the run, where it is no longer where it was' },
      'per-patient': { type: 'number', default: 1, describe: 'Maximum number of images of a patient' },
      split: { type: 'string', describe: 'Split to choose from; all unless given' },
      graph,
      out: { type: 'string', describe: 'CSV file to write, with a blank column for each label', coerce: outputFile('out') },
      'label-studio': {
        type: 'string',
        describe: 'JSON file to write: tasks for Label Studio; its labelling configuration is written beside it (.xml)',
        coerce: outputFile('label-studio'),
      },
      'image-url': {
        type: 'string',
        default: '/data/local-files/?d=',
        describe: 'What stands before the path of an image in these tasks',
      },
      seed,
      ...engineFlags,
    },
    run: next,
  },
  {
    command: 'label-studio',
    describe: 'Add the annotations of a JSON export of Label Studio to a data set',
    flags: {
      data,
      ...readFlags,
      import: { type: 'string', demandOption: true, describe: 'JSON export of a project with the tasks of data next' },
      out: writeFlags.out,
      as: writeFlags.as,
    },
    run: labelStudio,
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

/** `cxr-align data describe|compare|init|split|filter|merge|balance|suspects|next|label-studio|export`. */
export const dataCommand = commandGroup('data', parts);
