import { ablate } from './ablate.js';
import { compare } from './compare.js';
import { dataCommand } from './data/data.js';
import { doctor } from './doctor.js';
import { evaluate } from './evaluate.js';
import { extract } from './extract.js';
import { graph } from './graph/graph.js';
import { phantom } from './phantom.js';
import { predict } from './predict.js';
import { prompts } from './prompts/prompts.js';
import { setup } from './setup.js';
import { thresholds } from './thresholds.js';
import { train } from './train.js';
import { tune } from './tune.js';

/** Every command, in the order of `--help`. The documentation is made from this list, too. */
export const commands = [
  train,
  evaluate,
  compare,
  thresholds,
  tune,
  ablate,
  predict,
  extract,
  phantom,
  dataCommand,
  graph,
  prompts,
  setup,
  doctor,
];
