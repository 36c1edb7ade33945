import { describeBadRows } from '@cxr-align/datasets';
import { fixed, fixedRange, terminalTable } from '@cxr-align/evaluation';
import { excludedLines } from '@cxr-align/training';
import { fileCheckLines } from './file-check-lines.js';
import { describePixelRange, type DatasetDescription, type Duplicates, type ImageSummary } from '@cxr-align/curation';

/** A description for people, on a terminal. */
export function descriptionText(found: DatasetDescription): string {
  return [
    `${found.rows} images of ${found.patients} patients in ${found.studies} studies, read as ${found.format} (${found.reason})`,
    ...excludedLines(found),
    ...found.remarks,
    ...fileCheckLines(found.files),
    `splits: ${Object.entries(found.splits)
      .map(([split, { images, patients }]) => `${split} ${images} images of ${patients} patients`)
      .join(', ')}`,
    ...(found.patientsInSeveralSplits > 0
      ? [`warning: ${found.patientsInSeveralSplits} patients are in more than one split`]
      : []),
    `sex: ${tallyText(withRest(groupSizes(found.sex), found.rows))}; age: ${agesText(found)}; view: ${tallyText(found.view)}`,
    ...(found.boxes ? [`boxes: ${tallyText(found.boxes)}`] : []),
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

function labelLines({ labels, counts, prevalence }: DatasetDescription): string[] {
  return terminalTable(
    ['label', '1', '0', '-1', 'blank', 'share', '95 %'],
    labels.map((label) => {
      const count = counts[label];
      const { proportion, interval } = prevalence[label];
      const cells = [count[1], count[0], count['-1'], count.blank].map(String);
      return [label, ...cells, fixed(proportion) ?? '–', fixedRange(interval) ?? ''];
    }),
  );
}

/** The policies side by side, summed over the labels. */
function policyLines(policies: DatasetDescription['policies']): string[] {
  const columns = ['positives', 'negatives', 'soft', 'unknown', 'overruled', 'byHierarchy'] as const;
  return terminalTable(
    ['label policy', ...columns],
    Object.entries(policies).map(([name, byLabel]) => {
      const sums = columns.map((column) => Object.values(byLabel).reduce((sum, outcome) => sum + outcome[column], 0));
      return [name, ...sums.map(String)];
    }),
  );
}

/** Whether the labels follow their hierarchy: annotations of the parent where a child is present. */
function hierarchyLines({ hierarchy, labelViolations }: DatasetDescription): string[] {
  if (hierarchy.length === 0) return [];
  return [
    `hierarchy: ${labelViolations === null ? 'no known pair' : `${(100 * labelViolations).toFixed(2)} % of the known pairs have a child present and its parent absent`}`,
    ...terminalTable(
      ['child → parent', 'child 1', 'parent 1', '0', '-1', 'blank'],
      hierarchy.map(({ child, parent, childPositive, parentWhenChildPositive: counts }) => [
        `${child} → ${parent}`,
        ...[childPositive, counts[1], counts[0], counts['-1'], counts.blank].map(String),
      ]),
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
  ranges,
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
    ...(ranges.groups.length > 0 ? [`pixel values: ${ranges.groups.map(describePixelRange).join('; ')}`] : []),
    ...(ranges.warning === null ? [] : [`warning: ${ranges.warning}`]),
    ...Object.entries(ranges.remarks).map(([remark, images]) => `${images} images: ${remark}`),
    ...duplicateLines('the same bytes', sameBytes),
    ...duplicateLines('nearly the same pixels', nearlySame),
  ];
}

/** How many images are the same, and the first of them. */
export function duplicateLines(what: string, { groups, overSplits, overPatients, examples }: Duplicates): string[] {
  if (groups === 0) return [`no two images have ${what}`];
  return [
    `${overPatients > 0 ? 'warning: ' : ''}${what}: ${groups} groups of images, ${overSplits} over several splits, ${overPatients} over several patients`,
    ...examples.slice(0, 5).map(({ images, splits }) => `  ${images.slice(0, 4).join(' = ')} (${splits.join(', ')})`),
  ];
}

/** How many images each group has. */
export function groupSizes(groups: DatasetDescription['sex']): Record<string, number> {
  return Object.fromEntries(Object.entries(groups).map(([name, { rows }]) => [name, rows]));
}

function withRest(tally: Record<string, number>, rows: number): Record<string, number> {
  const known = Object.values(tally).reduce((sum, count) => sum + count, 0);
  return known > 0 && known < rows ? { ...tally, unknown: rows - known } : tally;
}

function agesText({ ageMin, ageMax, ageMean }: DatasetDescription): string {
  return ageMean === null ? 'unknown' : `${ageMin} to ${ageMax}, mean ${ageMean.toFixed(1)}`;
}

function tallyText(tally: Record<string, number>): string {
  const entries = Object.entries(tally);
  const shown = entries.slice(0, 12).map(([value, count]) => `${value} ${count}`);
  if (entries.length > shown.length) shown.push(`and ${entries.length - shown.length} more`);
  return shown.join(', ') || 'unknown';
}
