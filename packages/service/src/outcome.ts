/** What became of a stored instance. */
export interface Outcome {
  /** ISO 8601. */
  time: string;
  /** sent: its results are in the archive. refused: it is no chest film, or cannot be read. given-up: the archive took no results. */
  state: 'sent' | 'refused' | 'given-up';
  modelHash: string;
  /** Why it was refused or given up. */
  reason?: string;
}
