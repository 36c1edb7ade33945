import { InputError } from '@cxr-align/files';
import { evaluateDualEncoder, evaluateRun, openDataset } from '@cxr-align/training';
import { type Evaluation, alarmLines, comparisonTable, evaluationJsonSchema, verdict } from '@cxr-align/evaluation';
import { evaluationReport, runReport } from '@cxr-align/run-report';
import { openOptions, printResult, progress, startEngineOf, stderrEvents, type Command } from './command.js';
import { checkNumbers, flags, needingRun, refuseFlags, refuseScoreFlags, type Flags } from './evaluate-flags.js';
import type { EvaluatedModels } from './evaluate-scores.js';
import { evaluateTable } from './evaluate-table.js';
import { evaluationText } from './evaluation-text.js';
import { joinedEncoders, type EncoderFlags } from '../usage/joined-encoders.js';
import { prevalencesOf } from '../usage/prevalence-flag.js';

/** `cxr-align evaluate`: a run on a data set, or scores of another program. */
export const evaluate: Command = {
  builder: (yargs) => yargs.options(flags),
  handler: async (given) => {
    const args = { ...(given as unknown as Flags), ...joinedEncoders(given as EncoderFlags) };
    if (args.schema) {
      process.stdout.write(`${JSON.stringify(evaluationJsonSchema(), null, 2)}\n`);
      return;
    }
    checkNumbers(args);
    if (args.scores === undefined) refuseScoreFlags(args);
    const result = args.scores !== undefined ? await evaluateTable(args) : await evaluateStored(args);
    const textOf = (one: Evaluation): string => evaluationText(one, alarmsOf(one, args));
    printResult(args.json, result, () => ('comparisons' in result ? modelsText(result, textOf) : textOf(result)));
  },
};

/** Several models, one after the other, and how they differ. */
function modelsText({ models, comparisons }: EvaluatedModels, textOf: (one: Evaluation) => string): string {
  return [
    ...Object.entries(models).map(([name, one]) => `${name}\n${textOf(one)}\n`),
    ...comparisons.map((comparison) => `${comparisonTable(comparison)}\n${verdict(comparison)}`),
  ].join('\n');
}

/** What thresholds mean for a day's work: of the labels whose prevalence was given, or of all. */
function alarmsOf(evaluation: Evaluation, { prevalence, filmsPerDay }: Flags): string[] {
  if (prevalence === undefined && filmsPerDay === undefined) return [];
  const given = prevalencesOf(prevalence);
  return alarmLines(evaluation, given ? { labels: Object.keys(given) } : {});
}

async function evaluateStored(args: Flags): Promise<Evaluation> {
  if (args.textEncoder !== undefined && !args.zeroShot)
    throw new InputError('expected --text-encoder with --zero-shot, got it alone');
  if (args.boxes !== undefined && !args.localise)
    throw new InputError('expected --boxes with --localise, got it alone');
  if (args.zeroShot && args.run === undefined) {
    const { data, encoder, textEncoder } = args;
    if (!data || !encoder || !textEncoder)
      throw new InputError(
        'expected --run RUN, or --encoder DIR and --text-encoder DIR that share a space, with --zero-shot and --data DIR',
      );
    refuseFlags('--zero-shot', needingRun(args));
    if (args.joined) throw new InputError('expected one --features with --zero-shot and no --run, got several');
    await startEngineOf(args);
    const { features, graph, split, out, resamples, bootstrapThreads } = args;
    const page = await evaluateDualEncoder({
      data: await openDataset(data, openOptions(args), { on: stderrEvents() }),
      encoder,
      textEncoder,
      features,
      graph,
      split,
      out,
      prevalenceInUse: prevalencesOf(args.prevalence),
      filmsPerDay: args.filmsPerDay,
      resamples,
      bootstrapThreads,
      on: stderrEvents(),
    });
    const thresholds = 'Nothing was trained: probabilities are of prompts, the threshold is 0.5 for every label.';
    if (args.out !== undefined) await evaluationReport(args.out, { ...page, thresholds }, { png: args.png });
    return page.evaluation;
  }
  if (!args.run || !args.data)
    throw new InputError('expected --run RUN --data DIR, or --scores F --targets F --labels F; got neither');
  await startEngineOf(args);
  const { errorThumbnails, views, png } = args;
  if (errorThumbnails > 0 && views !== 'image')
    throw new InputError(`expected --views image with --error-thumbnails, got ${views}: a study is no image`);
  const evaluated = await evaluateRun({
    run: args.run,
    data: await openDataset(args.data, openOptions(args), { on: stderrEvents() }),
    split: args.split,
    out: args.out ?? true,
    graph: args.graph,
    bootstrapThreads: args.bootstrapThreads,
    views,
    testViews: args.testViews,
    labelShift: args.labelShift,
    prevalenceInUse: prevalencesOf(args.prevalence),
    filmsPerDay: args.filmsPerDay,
    resamples: args.resamples,
    zeroShot: args.zeroShot,
    textEncoder: args.textEncoder,
    localise: args.localise,
    boxes: args.boxes,
    encoder: args.encoder,
    features: args.features,
    joined: args.joined,
    on: stderrEvents(),
  });
  const folder = evaluated.folder!;
  await runReport(folder, evaluated, { png, errorThumbnails });
  progress.remark(`evaluation: ${folder}`);
  return evaluated.evaluation;
}
