import type { Argv, CommandModule } from 'yargs';
import type { Command } from './command-line.js';

/** A command as `--help` lists it. */
interface CommandEntry {
  /** Its name, and the arguments after it. */
  command: string;
  describe: string;
  /** Loads its flags and what it does, with the packages that this needs: only when it is typed. */
  load: () => Promise<Command>;
}

/** Every command, in the order of `--help`. The documentation is made from this list, too. */
export const commands: readonly CommandModule[] = (
  [
    {
      command: 'train',
      describe: 'Train one model and evaluate it',
      load: async () => (await import('./train.js')).train,
    },
    {
      command: 'evaluate',
      describe: 'Evaluate a run on a data set, or scores of another program',
      load: async () => (await import('./evaluate.js')).evaluate,
    },
    {
      command: 'compare <runs..>',
      describe: 'Compare runs, or output folders of evaluate, on the same samples',
      load: async () => (await import('./compare.js')).compare,
    },
    {
      command: 'thresholds',
      describe: 'Show or change the thresholds of a run, with a record of who changed what',
      load: async () => (await import('./thresholds.js')).thresholds,
    },
    {
      command: 'tune',
      describe: 'Search settings at random, by the scores on validation',
      load: async () => (await import('./tune.js')).tune,
    },
    {
      command: 'ablate',
      describe: 'Train a grid of configurations and compare them with a baseline',
      load: async () => (await import('./ablate.js')).ablate,
    },
    {
      command: 'predict <paths..>',
      describe: 'Predict the labels of images: a record for each, also where one cannot be read',
      load: async () => (await import('./predict.js')).predict,
    },
    {
      command: 'serve',
      describe: 'Serve a run over HTTP and DICOMweb',
      load: async () => (await import('./serve.js')).serve,
    },
    {
      command: 'watch',
      describe: 'Predict each image that comes into a folder',
      load: async () => (await import('./watch.js')).watch,
    },
    {
      command: 'extract',
      describe: 'Encode the images of a data set with a frozen encoder',
      load: async () => (await import('./extract.js')).extract,
    },
    {
      command: 'pretrain',
      describe: 'Train an image encoder on images without labels',
      load: async () => (await import('./pretrain.js')).pretrain,
    },
    {
      command: 'phantom',
      describe: 'Draw a synthetic data set of chest radiographs',
      load: async () => (await import('./phantom.js')).phantom,
    },
    {
      command: 'data',
      describe: 'Describe, compare, split, filter, merge and balance data sets',
      load: async () => (await import('./data/data.js')).dataCommand,
    },
    {
      command: 'graph',
      describe: 'Show, validate, draft, convert, measure and map label graphs',
      load: async () => (await import('./graph/graph.js')).graph,
    },
    {
      command: 'prompts',
      describe: 'Encode the prompts of labels, measure their similarity, and attack them',
      load: async () => (await import('./prompts/prompts.js')).prompts,
    },
    {
      command: 'setup <kind>',
      describe: 'Set up the engine native, cuda or webgpu, outside node_modules',
      load: async () => (await import('./setup.js')).setup,
    },
    {
      command: 'doctor',
      describe: 'Report which engines start on this machine, and how to make the others start',
      load: async () => (await import('./doctor.js')).doctor,
    },
  ] satisfies CommandEntry[]
).map(moduleOf);

function moduleOf({ command, describe, load }: CommandEntry): CommandModule {
  return {
    command,
    describe,
    // yargs waits for it, which its types leave out.
    builder: (async (built: Argv) => (await load()).builder(built)) as unknown as CommandModule['builder'],
    handler: async (flags) => (await load()).handler(flags),
  };
}
