import type { Evaluation, MaybeNumber } from './evaluation-schema.js';
import { signed, signedRange } from './maybe-number.js';
import { prevalenceDrifts, prevalenceRule, type SplitLabels } from './split-drift.js';

/** What to worry about before scores are believed, by the rules of {@link worryRules}. */
export interface Worry {
  kind: 'shortcut' | 'drift' | 'groups';
  /** unknown: the data or the evaluation lack what the rule needs. */
  state: 'worry' | 'fine' | 'unknown';
  /** The number that decides, in a few words. */
  value: string;
  /** What it means. */
  sentence: string;
}

/** Below this difference of sensitivity a group is no worry, however sure it is. */
const smallestGap = 0.1;

/** Fewer negative answers are no harm. */
const isNoFinding = /^no[ _]finding$/i;

/** The rules of {@link worriesOf}. */
export const worryRules: Readonly<Record<Worry['kind'], string>> = {
  shortcut:
    'a worry where the 95 % interval of the difference to a regression on age, sex and view alone is not above 0',
  drift: `a worry where the macro AUROC on validation lies above the 95 % interval of that on these images, or where ${prevalenceRule}`,
  groups: `a worry where the 95 % interval of a group's difference in sensitivity to all others lies below 0, and the difference is ${smallestGap} or more; groups with fewer than 20 images with a finding, or without, are left out`,
};

/**
 * Whether a model may have learned who is ill rather than what is seen (shortcut), does worse on these images than where it was chosen
 * (drift) or has labels that are more frequent in one split than in another, or misses a group of people more often than others (groups). Worries first.
 *
 * @param validation macro AUROC of the model on the split that chose it, where that is known.
 * @param splits how many images have each label in the splits that the model was trained, chosen and evaluated on, where that is known.
 */
export function worriesOf(
  evaluation: Evaluation,
  { validation = null, splits = {} }: { validation?: MaybeNumber; splits?: Readonly<Record<string, SplitLabels>> } = {},
): Worry[] {
  const states: readonly Worry['state'][] = ['worry', 'unknown', 'fine'];
  return [
    shortcut(evaluation),
    drift(scoreDrift(evaluation, validation), prevalenceDrift(splits)),
    groups(evaluation),
  ].sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state));
}

function shortcut({ metadataBaseline }: Evaluation): Worry {
  const kind = 'shortcut';
  const difference = metadataBaseline?.difference ?? null;
  if (!metadataBaseline || difference === null || metadataBaseline.outperformsBaseline === null)
    return {
      kind,
      state: 'unknown',
      value: 'not measured',
      sentence:
        'Whether it learned who is ill rather than what is seen cannot be told: age, sex and view are not known, or images are too few.',
    };
  const { features, auroc, differenceCi, outperformsBaseline } = metadataBaseline;
  const value = `${signed(difference)} ${signedRange(differenceCi)}`.trim();
  const against = `Macro AUROC less that of a regression on ${features.join(', ')} alone (${auroc?.toFixed(3) ?? '–'})`;
  return outperformsBaseline
    ? { kind, state: 'fine', value, sentence: `${against}: it reads more than who is imaged.` }
    : {
        kind,
        state: 'worry',
        value,
        sentence: `${against}: the interval is not above 0, so it may have learned who is ill rather than what is seen.`,
      };
}

type Drift = Omit<Worry, 'kind'>;

/** The drift of scores and that of prevalence as one: what worries decides, else the scores. */
function drift(scores: Drift, prevalence: Drift): Worry {
  const both = [scores, prevalence];
  const worries = both.filter(({ state }) => state === 'worry');
  return {
    kind: 'drift',
    state: worries.length > 0 ? 'worry' : scores.state,
    value: worries.length > 0 ? worries.map(({ value }) => value).join('; ') : scores.value,
    sentence: both.map(({ sentence }) => sentence).join(' '),
  };
}

function prevalenceDrift(splits: Readonly<Record<string, SplitLabels>>): Drift {
  const { drifts, comparisons } = prevalenceDrifts(splits);
  if (comparisons === 0)
    return {
      state: 'unknown',
      value: 'not measured',
      sentence: 'How frequent labels are in the other splits is not recorded.',
    };
  if (drifts.length === 0)
    return {
      state: 'fine',
      value: 'prevalence alike',
      sentence: `No label is surely more frequent in one split than in another (${comparisons} comparisons).`,
    };
  const [{ label, from, to, shares }] = drifts;
  const others = new Set(drifts.map((one) => one.label)).size - 1;
  const [low, high] = shares.map((share) => `${(100 * share).toFixed(1)} %`);
  return {
    state: 'worry',
    value: `${label} ${low} → ${high}`,
    sentence: `${label} is more frequent in ${to} (${high}) than in ${from} (${low})${others > 0 ? `, and ${others} more ${others === 1 ? 'label differs' : 'labels differ'} between splits` : ''}: PPV and NPV of one split do not hold for the other, and thresholds may not either.`,
  };
}

function scoreDrift({ macro, split, mapping, data, remarks }: Evaluation, validation: MaybeNumber): Drift {
  const hasChosen = remarks.some((remark) => remark.startsWith('optimistic: this split chose'));
  const { auroc, aurocCi } = macro;
  if (validation === null || auroc === null || aurocCi[1] === null || hasChosen || mapping)
    return {
      state: 'unknown',
      value: 'not measured',
      sentence: hasChosen
        ? 'These images chose the model, so that they cannot show what it loses on others.'
        : 'There are no scores of the same labels on validation to hold these against.',
    };
  const value = `${validation.toFixed(3)} → ${auroc.toFixed(3)}`;
  const told = `Macro AUROC on validation, then on ${split} of ${data}`;
  return validation > aurocCi[1]
    ? {
        state: 'worry',
        value,
        sentence: `${told}, whose interval ends at ${aurocCi[1].toFixed(3)}: these images differ from those that chose the model, or it fits those too well.`,
      }
    : { state: 'fine', value, sentence: `${told}: no more apart than these images allow.` };
}

function groups({ fairness }: Evaluation): Worry {
  const kind = 'groups';
  const compared = fairness.flatMap(({ attribute, labels }) =>
    Object.entries(labels).flatMap(([label, { groups: of }]) =>
      isNoFinding.test(label)
        ? []
        : Object.entries(of).flatMap(
            ([
              group,
              {
                small,
                gapToRest,
                gapToRestCi: [low, high],
              },
            ]) =>
              small || gapToRest === null || low === null || high === null
                ? []
                : [{ attribute, label, group, gap: gapToRest, interval: [low, high] as const }],
          ),
    ),
  );
  if (compared.length === 0)
    return {
      kind,
      state: 'unknown',
      value: 'not measured',
      sentence: 'No group of people has enough images with and without a finding to be compared.',
    };
  const below = compared.filter(({ gap, interval }) => interval[1] < 0 && gap <= -smallestGap);
  const worst = (below.length > 0 ? below : compared).reduce((a, b) => (b.gap < a.gap ? b : a));
  const value = `${signed(worst.gap)} ${signedRange(worst.interval)}`;
  const where = `Sensitivity for ${worst.label} in ${worst.attribute} ${worst.group} against all others`;
  const chance = Math.max(1, Math.round(0.025 * compared.length));
  return below.length > 0
    ? {
        kind,
        state: 'worry',
        value,
        sentence: `${where}: the largest of ${compared.length} comparisons, ${below.length} of them sure of such a gap; about ${chance} would look so by chance.`,
      }
    : { kind, state: 'fine', value, sentence: `${where}: the largest of ${compared.length} gaps, none of them sure.` };
}
