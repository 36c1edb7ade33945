import type { Evaluation } from '@cxr-align/evaluation';

/** What was evaluated by what, as rows of a table; nothing of evaluations of earlier versions. */
export function identityRows({ identity }: Pick<Evaluation, 'identity'>): [string, string][] {
  if (!identity) return [];
  const { version, model, data, engine, thresholds } = identity;
  return [
    ['version', version],
    ['model (SHA-256)', model ?? 'none'],
    ['data (SHA-256)', data ?? 'not known'],
    ['engine', engine ?? 'none'],
    ['thresholds', thresholds],
  ];
}
