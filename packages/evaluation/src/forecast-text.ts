import type { MaybeNumber } from './evaluation-schema.js';
import { farthest, type Forecast, type LabelForecast } from './forecast.js';

/** The forecasts for a terminal. */
export function forecastText({ target, configurations, method }: LabelForecast): string {
  const lines = configurations.flatMap(({ configuration, macro, labels }) => [
    `${configuration}: labels for a macro AUROC of ${target}: ${forecastSentence(macro)}`,
    ...checkLines(macro),
    ...Object.entries(labels).map(([label, one]) => `  ${label}: ${forecastSentence(one)}`),
  ]);
  return [...lines, method].join('\n');
}

/** What a forecast comes to, in words. */
export function forecastSentence({
  needed,
  neededInterval: [low, high],
  more,
  verdict,
  curve,
  plateauInterval,
  points,
}: Forecast): string {
  const whole = (value: MaybeNumber): string => (value === null ? 'no bound' : Math.ceil(value).toString());
  const largest = points.at(-1);
  const range = `95 %: ${whole(low)} to ${whole(high)}`;
  switch (verdict) {
    case 'reached':
      return `reached, about ${whole(needed)} images (${range})`;
    case 'forecast':
      return `about ${whole(needed)} images, ${more} more than the largest size (${range})`;
    case 'too far':
      return `more than ${farthest} times the ${Math.round(largest!.count)} images there are (${range}): the curve is unknown that far`;
    case 'unbounded':
      return `unknown: about ${whole(needed)} images by the best curve, but ${low === null ? 'no bound on either side' : `anything from ${whole(low)} on`} fits the data`;
    case 'above the plateau':
      return `unknown: the curve ends at ${curve!.plateau.toFixed(3)} (95 %: ${plateauInterval.map((end) => end?.toFixed(3) ?? 'undefined').join(' to ')})`;
    case 'too few sizes':
      return `unknown: ${points.filter(({ auroc }) => auroc !== null).length} sizes have the score, 3 are needed`;
  }
}

function checkLines({ check }: Forecast): string[] {
  return check.map(
    ({ count, predicted, interval, measured, isCovered }) =>
      `  the smaller sizes alone predict ${predicted.toFixed(3)} (95 %: ${interval.map((end) => end.toFixed(3)).join(' to ')}) with ${Math.round(count)} images; measured ${measured.toFixed(3)}, ${isCovered ? 'within' : 'outside'} the interval`,
  );
}
