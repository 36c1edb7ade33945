/** ln(p / (1 − p)). @param probability in [0, 1]. */
export function logitOf(probability: number): number {
  return Math.log(probability) - Math.log(1 - probability);
}
