import type { FittedHead, HeadOptions, HeadProblem, HeadType, StoredHead } from './head.js';
import { outOfFold, featuresOf, subProblem } from './sub-problem.js';

/** Where the members are found by their names. */
type TypeOf = (name: string) => HeadType;

/**
 * Several heads whose logits are added, by weights that are fitted on scores of training images that the heads were not fitted to.
 *
 * @see Wolpert 1992, Stacked generalization, Neural Networks 5.
 */
export function fitStack(problem: HeadProblem, options: HeadOptions, typeOf: TypeOf): FittedHead {
  const { labels, targets, weigh, onProgress } = problem;
  const { of } = options;
  const equal = of.map(() => 1 / of.length);
  let weights = equal;
  let folds = 0;
  if (options.weights === 'fitted' && weigh) {
    const left = of.map((name, at) =>
      outOfFold(problem, { folds: options.folds, purpose: 'stack' }, (training, held, fold) => {
        onProgress?.((0.8 * (at + fold / options.folds)) / of.length);
        return typeOf(name).fit(subProblem(problem, training), options).scores(featuresOf(problem, held));
      }),
    );
    const found = left.flatMap((one) => (one ? [one] : []));
    if (found.length === of.length) {
      folds = found[0].folds;
      weights = weigh(
        hardTargets(targets),
        found.map(({ scores }) => scores),
      );
    }
  }
  const members = of.map((name, at) => {
    onProgress?.(0.8 + (0.2 * at) / of.length);
    return typeOf(name).fit({ ...problem, onProgress: undefined }, options);
  });
  const parts = of.map((name, i) => `${weights[i].toFixed(2)} ${name}`).join(' + ');
  return stackOf(labels, members, {
    weights,
    remarks: [
      `logit = ${parts}${folds > 0 ? `, fitted on out-of-fold predictions of ${folds} folds by patient` : ', equal weights'}`,
      ...members.flatMap(({ kind, remarks }) => remarks.map((line) => `${kind}: ${line}`)),
    ],
  });
}

/** A stack of heads that were fitted. */
export function stackOf(
  labels: readonly string[],
  members: readonly FittedHead[],
  { weights, remarks }: { weights: readonly number[]; remarks: readonly string[] },
): FittedHead {
  const keeper = members.find(({ neighboursOf }) => neighboursOf);
  return {
    kind: 'stack',
    labels,
    settings: { weights, members: members.map(({ kind, settings }) => ({ kind, settings })) },
    remarks,
    arrays: new Map(
      members.flatMap(({ arrays }, i) => [...arrays].map(([name, array]) => [`${i}/${name}`, array] as const)),
    ),
    scores: (features) => {
      const all = members.map((member) => member.scores(features));
      return all[0].map((_, at) => all.reduce((sum, scores, i) => sum + weights[i] * scores[at], 0));
    },
    ...(keeper && { neighboursOf: (features, count) => keeper.neighboursOf!(features, count) }),
  };
}

/** The stack of heads that a registry has. */
export function stackType(typeOf: TypeOf): HeadType {
  return {
    reads: ['of', 'weights', 'folds'],
    fit: (problem, options) => fitStack(problem, options, typeOf),
    restore: ({ labels, arrays, settings }: StoredHead) => {
      const members = (settings.members as Pick<StoredHead, 'kind' | 'settings'>[]).map(({ kind, settings: own }, i) =>
        typeOf(kind).restore({
          kind,
          labels,
          settings: own,
          arrays: new Map(
            [...arrays].flatMap(([name, array]) =>
              name.startsWith(`${i}/`) ? [[name.slice(`${i}/`.length), array] as const] : [],
            ),
          ),
        }),
      );
      return stackOf(labels, members, { weights: settings.weights as number[], remarks: [] });
    },
  };
}

/** Targets as classes; soft ones are unknown to the weights. */
function hardTargets(targets: ArrayLike<number>): Float64Array {
  return Float64Array.from(targets, (value) => (value === 0 || value === 1 ? value : NaN));
}
