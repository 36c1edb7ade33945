import { describeBadRows } from '@cxr-align/datasets';
import { leftOutLines } from '../inputs/prepare-data.js';
import type { DataDescription } from './describe-data.js';
import type { Duplicates, ImageSummary } from './image-summary.js';

/** A description for people, on a terminal. */
export function descriptionText(found: DataDescription): string {
  return [
    `${found.rows} images of ${found.patients} patients in ${found.studies} studies, read as ${found.format} (${found.reason})`,
    ...leftOutLines(found),
    `splits: ${Object.entries(found.splits)
      .map(([split, { images, patients }]) => `${split} ${images} images of ${patients} patients`)
      .join(', ')}`,
    ...(found.patientsInSeveralSplits > 0
      ? [`warning: ${found.patientsInSeveralSplits} patients are in more than one split`]
      : []),
    `sex: ${sayTally(withRest(groupSizes(found.sex), found.rows))}; age: ${sayAges(found)}; view: ${sayTally(found.view)}`,
    ...(found.boxes ? [`boxes: ${sayTally(found.boxes)}`] : []),
    '',
    ...labelLines(found),
    '',
    ...policyLines(found.policies),
    '',
    ...hierarchyLines(found),
    ...(found.badRows.length > 0 ? [`bad rows: ${found.badRows.length}\n${describeBadRows(found.badRows)}`] : []),
    ...(found.images ? imageLines(found.images) : []),
  ].join('\n');
}

function labelLines({ labels, counts, prevalence }: DataDescription): string[] {
  const width = Math.max(5, ...labels.map((label) => label.length));
  const cell = (value: string | number): string => String(value).padStart(9);
  return [
    `${'label'.padEnd(width)}${['1', '0', '-1', 'blank', 'share'].map(cell).join('')}  95 %`,
    ...labels.map((label) => {
      const count = counts[label];
      const {
        proportion,
        interval: [low, high],
      } = prevalence[label];
      const share = proportion === null ? '–' : proportion.toFixed(3);
      const range = low === null || high === null ? '' : `  ${low.toFixed(3)} to ${high.toFixed(3)}`;
      return `${label.padEnd(width)}${[count[1], count[0], count['-1'], count.blank, share].map(cell).join('')}${range}`;
    }),
  ];
}

/** The policies side by side, summed over the labels. */
function policyLines(policies: DataDescription['policies']): string[] {
  const columns = ['positives', 'negatives', 'soft', 'unknown', 'overruled', 'byHierarchy'] as const;
  const width = Math.max(...Object.keys(policies).map((name) => name.length));
  return [
    `${'label policy'.padEnd(width)}${columns.map((name) => name.padStart(12)).join('')}`,
    ...Object.entries(policies).map(([name, byLabel]) => {
      const sums = columns.map((column) => Object.values(byLabel).reduce((sum, outcome) => sum + outcome[column], 0));
      return `${name.padEnd(width)}${sums.map((sum) => String(sum).padStart(12)).join('')}`;
    }),
  ];
}

/** Whether the labels follow their hierarchy. */
function hierarchyLines({ hierarchy, labelViolations }: DataDescription): string[] {
  if (hierarchy.length === 0) return [];
  const width = Math.max(...hierarchy.map(({ child, parent }) => child.length + parent.length));
  return [
    `hierarchy: ${labelViolations === null ? 'no known pair' : `${(100 * labelViolations).toFixed(2)} % of the known pairs have a child present and its parent absent`}`,
    ...hierarchy.map(
      ({ child, parent, childPositive, parentWhenChildPositive: said }) =>
        `${`${child} → ${parent}`.padEnd(width + 3)}  of ${childPositive} present: parent present ${said[1]}, absent ${said[0]}, uncertain ${said['-1']}, blank ${said.blank}`,
    ),
  ];
}

function imageLines({
  checked,
  unreadable,
  width,
  height,
  mean,
  constant,
  sameBytes,
  nearlySame,
}: ImageSummary): string[] {
  return [
    unreadable.length === 0
      ? `every one of ${checked} images can be read`
      : `unreadable images: ${unreadable.length} of ${checked}\n${unreadable.slice(0, 5).join('\n')}`,
    ...(width && height && mean
      ? [
          `width ${width.min} to ${width.max} (median ${width.median}), height ${height.min} to ${height.max} (median ${height.median}), mean grey ${mean.min.toFixed(0)} to ${mean.max.toFixed(0)} of 255`,
        ]
      : []),
    ...(constant.length > 0
      ? [`images of one grey value: ${constant.length} (${constant.slice(0, 5).join(', ')})`]
      : []),
    ...duplicateLines('the same bytes', sameBytes),
    ...duplicateLines('nearly the same pixels', nearlySame),
  ];
}

function duplicateLines(what: string, { groups, overSplits, overPatients, examples }: Duplicates): string[] {
  if (groups === 0) return [`no two images have ${what}`];
  return [
    `${what}: ${groups} groups of images, ${overSplits} over several splits, ${overPatients} over several patients`,
    ...examples.slice(0, 5).map(({ images, splits }) => `  ${images.slice(0, 4).join(' = ')} (${splits.join(', ')})`),
  ];
}

/** How many images each group has. */
export function groupSizes(groups: DataDescription['sex']): Record<string, number> {
  return Object.fromEntries(Object.entries(groups).map(([name, { rows }]) => [name, rows]));
}

function withRest(tally: Record<string, number>, rows: number): Record<string, number> {
  const told = Object.values(tally).reduce((sum, count) => sum + count, 0);
  return told > 0 && told < rows ? { ...tally, 'not told': rows - told } : tally;
}

function sayAges({ ageMin, ageMax, ageMean }: DataDescription): string {
  return ageMean === null ? 'not told' : `${ageMin} to ${ageMax}, mean ${ageMean.toFixed(1)}`;
}

function sayTally(tally: Record<string, number>): string {
  const entries = Object.entries(tally);
  const shown = entries.slice(0, 12).map(([value, count]) => `${value} ${count}`);
  if (entries.length > shown.length) shown.push(`and ${entries.length - shown.length} more`);
  return shown.join(', ') || 'not told';
}
