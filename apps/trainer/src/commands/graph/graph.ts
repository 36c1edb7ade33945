import { matrixKinds, matrixNormalizations } from '@cxr-align/label-graph';
import { labelGraphFormats } from '@cxr-align/label-graph/formats';
import { outputFile } from '../../usage/output-path.js';
import { commandGroup, dataFlags } from '../command.js';
import { check } from './check.js';
import { convert } from './convert.js';
import { init } from './init.js';
import { list, map } from './map.js';
import { matrix } from './matrix.js';
import { show } from './show.js';

const source =
  'Label set (graph list; seed-14 is a second name of reference-14), or a JSON, YAML, GEXF or GraphML file';
const graphFlag = { graph: { type: 'string', demandOption: true, describe: source } } as const;
const table = { format: dataFlags.format, column: dataFlags.column } as const;
const data = (describe: string) => ({ data: { type: 'string', describe }, ...table }) as const;

const parts = [
  { command: 'list', describe: 'List the label sets', flags: {}, run: list },
  {
    command: 'show',
    describe: 'Show a label graph as a tree, with the positives of a data set',
    flags: {
      ...graphFlag,
      ...data('Data set whose positives are counted'),
      svg: { type: 'string', describe: 'SVG file to write: the tree', coerce: outputFile('svg') },
      html: { type: 'string', describe: 'HTML file to write: the tree and the matrices', coerce: outputFile('html') },
    },
    run: show,
  },
  {
    command: 'check',
    describe: 'Validate a label graph, by itself or against the columns of a data set',
    flags: { ...graphFlag, ...data('Data set whose label columns it must match') },
    run: check,
  },
  {
    command: 'init',
    describe: 'Draft a label graph for the label columns of a data set',
    flags: {
      data: { type: 'string', demandOption: true, describe: 'Data set, or with --path-column its table' },
      ...table,
      'path-column': { type: 'string', describe: 'Column of label paths such as A/B/C, whose labels are drafted' },
      name: { type: 'string', describe: 'Name of the graph; that of the data set unless given' },
      out: {
        type: 'string',
        default: 'graph.yaml',
        describe: 'File to write; an existing one is not overwritten',
        coerce: outputFile('out'),
      },
    },
    run: init,
  },
  {
    command: 'convert',
    describe: 'Convert a label graph to another format',
    flags: {
      ...graphFlag,
      to: { choices: labelGraphFormats, describe: 'Format; by the extension of --out unless given' },
      out: { type: 'string', describe: 'File to write; stdout unless given', coerce: outputFile('out') },
    },
    run: convert,
  },
  {
    command: 'matrix',
    describe: 'Print a matrix between labels, from the hierarchy or counted in a data set',
    flags: {
      ...graphFlag,
      kind: { choices: matrixKinds, demandOption: true, describe: 'Kind of the matrix' },
      table: {
        type: 'string',
        alias: 'data',
        describe: 'Data set to count in; for lin, co-occurrence, conditional, phi, pmi and jaccard',
      },
      ...table,
      normalize: {
        type: 'string',
        describe: `Normalizations in order, separated by commas: ${matrixNormalizations.join(', ')}`,
      },
      tau: { type: 'number', default: 1, describe: 'Temperature of softmax and exp' },
    },
    run: matrix,
  },
  {
    command: 'map',
    describe: 'Map the labels of one label set to those of another',
    flags: {
      from: { type: 'string', demandOption: true, describe: source },
      to: { type: 'string', demandOption: true, describe: source },
    },
    run: map,
  },
] as const;

/** `cxr-align graph list|show|check|init|convert|matrix|map`. */
export const graph = commandGroup('graph', parts);
