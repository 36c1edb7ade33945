import { labelGraphFormats, matrixKinds, matrixNormalizations } from '@cxr-align/label-graph';
import { commandGroup, dataFlags } from '../command.js';
import { check } from './check.js';
import { convert } from './convert.js';
import { init } from './init.js';
import { list, map } from './map.js';
import { matrix } from './matrix.js';
import { show } from './show.js';

const source = 'A shipped label set (graph list), or a JSON, YAML, GEXF or GraphML file';
const graphFlag = { graph: { type: 'string', demandOption: true, describe: source } } as const;
const data = (describe: string) => ({ data: { type: 'string', describe }, format: dataFlags.format }) as const;

const parts = [
  { command: 'list', describe: 'Print the shipped label sets', flags: {}, run: list },
  {
    command: 'show',
    describe: 'Print the tree, with the positives of a data set if one is named; draw it',
    flags: {
      ...graphFlag,
      ...data('Data set to count in'),
      svg: { type: 'string', describe: 'File for a drawing of the tree' },
      html: { type: 'string', describe: 'File for a page with the tree and the matrices' },
    },
    run: show,
  },
  {
    command: 'check',
    describe: 'Check a label graph, and against the columns of a data set if one is named',
    flags: { ...graphFlag, ...data('Data set whose label columns it must match') },
    run: check,
  },
  {
    command: 'init',
    describe: 'Draft a label graph for the label columns of a data set',
    flags: {
      data: { type: 'string', demandOption: true, describe: 'Data set, or with --column its table' },
      format: dataFlags.format,
      column: { type: 'string', describe: 'A column of paths such as A/B/C that holds the labels' },
      name: { type: 'string', describe: 'Name of the graph; that of the data unless given' },
      out: { type: 'string', default: 'graph.yaml', describe: 'File to write; never overwritten' },
    },
    run: init,
  },
  {
    command: 'convert',
    describe: 'Write a label graph in another format',
    flags: {
      ...graphFlag,
      to: { choices: labelGraphFormats, describe: 'Format; that of the ending of --out unless given' },
      out: { type: 'string', describe: 'File to write; stdout unless given' },
    },
    run: convert,
  },
  {
    command: 'matrix',
    describe: 'Print a matrix of a label graph, from its hierarchy or counted from a table',
    flags: {
      ...graphFlag,
      kind: { choices: matrixKinds, demandOption: true, describe: 'Which matrix' },
      table: { type: 'string', alias: 'data', describe: 'Table or data set to count; lin and co-occurrence and on' },
      format: dataFlags.format,
      normalize: {
        type: 'string',
        describe: `Scales to bring it to, in order, joined by commas: ${matrixNormalizations.join(', ')}`,
      },
      tau: { type: 'number', default: 1, describe: 'Of softmax and exp' },
    },
    run: matrix,
  },
  {
    command: 'map',
    describe: 'Print which labels of one set give the labels of another',
    flags: {
      from: { type: 'string', demandOption: true, describe: source },
      to: { type: 'string', demandOption: true, describe: source },
    },
    run: map,
  },
] as const;

/** `cxr-align graph list|show|check|init|convert|matrix|map`. */
export const graph = commandGroup('graph', 'Print, check, draft, convert, measure and map label graphs', parts);
