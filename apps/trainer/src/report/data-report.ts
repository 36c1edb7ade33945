import { heatmap, intervalPlot, stackedBars, type ReportSection, type ReportTable } from '@cxr-align/report';
import type { DataDescription } from '../data/describe-data.js';
import { imagesSection } from './images-section.js';
import { leftOutLines } from '../inputs/prepare-data.js';
import type { ReportPage } from './write-report.js';

/** Colours of what a cell says: present, absent, uncertain, blank. */
const cellColours = ['#D55E00', '#0072B2', '#E69F00', '#dddddd'];

/** A page about a data set. */
export async function dataReport(found: DataDescription): Promise<ReportPage> {
  const { name, rows, patients, studies, format, reason } = found;
  return {
    title: `Data set ${name}`,
    lead: `${rows} images of ${patients} patients in ${studies} studies, read as ${format} (${reason}).`,
    sections: [
      ...(rows > 0 ? [await labelsSection(found), await togetherSection(found)] : []),
      policiesSection(found),
      ...(found.hierarchy.length > 0 ? [hierarchySection(found)] : []),
      ...(rows > 0 ? [await peopleSection(found)] : []),
      splitsSection(found),
      ...(found.images ? [imagesSection(found.images)] : []),
      rowsSection(found),
    ],
  };
}

async function labelsSection({ labels, counts, prevalence }: DataDescription): Promise<ReportSection> {
  const cells = labels.flatMap((bar) => [
    { bar, part: 'present', count: counts[bar][1] },
    { bar, part: 'absent', count: counts[bar][0] },
    { bar, part: 'uncertain', count: counts[bar]['-1'] },
    { bar, part: 'blank', count: counts[bar].blank },
  ]);
  const shares = labels.map((label) => ({
    label,
    value: prevalence[label].proportion,
    low: prevalence[label].interval[0],
    high: prevalence[label].interval[1],
  }));
  return {
    heading: 'Labels',
    paragraphs: [
      'The share of images in which a label is present; uncertain and blank cells count as not present. Intervals are of 95 %, images of a patient counted together.',
    ],
    figures: [
      {
        svg: await stackedBars(cells, { title: 'What the cells say', axis: 'images', colours: cellColours }),
        description: 'For each label how many cells say present, absent, uncertain, or nothing',
      },
      {
        svg: await intervalPlot(shares, { title: 'Prevalence', axis: 'share of images' }),
        description: 'The share of images in which each label is present, with its interval',
      },
    ],
    tables: [
      {
        caption: 'Cells by label',
        header: ['label', 'present', 'absent', 'uncertain', 'blank', 'share', '95 %', 'images that it is worth'],
        rows: labels.map((label) => {
          const {
            proportion,
            interval: [low, high],
            effectiveSize,
          } = prevalence[label];
          return [
            label,
            counts[label][1],
            counts[label][0],
            counts[label]['-1'],
            counts[label].blank,
            proportion === null ? null : proportion.toFixed(4),
            low === null || high === null ? null : `${low.toFixed(4)} to ${high.toFixed(4)}`,
            effectiveSize === null ? null : Math.round(effectiveSize),
          ];
        }),
      },
    ],
  };
}

async function togetherSection({
  labels,
  cooccurrencePositive: together,
  positivesPerRow,
}: DataDescription): Promise<ReportSection> {
  const given = together.flatMap((row, i) => row.map((count) => (row[i] > 0 ? count / row[i] : 0)));
  return {
    heading: 'Together',
    figures: [
      {
        svg: await heatmap(labels, given, 'Share of the images with the row’s label that have the column’s'),
        description: 'How often labels are present together',
      },
    ],
    tables: [
      {
        caption: 'Images by how many labels are present',
        header: ['labels', 'images'],
        rows: Object.entries(positivesPerRow).map(([labelCount, images]) => [labelCount, images]),
      },
    ],
  };
}

function policiesSection({ policies, labels }: DataDescription): ReportSection {
  return {
    heading: 'Label policies',
    paragraphs: [
      'What each policy makes of the cells, summed over the labels, and label by label where it is not the same for all.',
    ],
    tables: [
      {
        caption: 'Targets by policy',
        header: ['policy', 'positive', 'negative', 'soft', 'unknown', 'overruled', 'by the hierarchy'],
        rows: Object.entries(policies).map(([name, byLabel]) => {
          const sum = (key: 'positives' | 'negatives' | 'soft' | 'unknown' | 'overruled' | 'byHierarchy'): number =>
            labels.reduce((total, label) => total + byLabel[label][key], 0);
          return [
            name,
            sum('positives'),
            sum('negatives'),
            sum('soft'),
            sum('unknown'),
            sum('overruled'),
            sum('byHierarchy'),
          ];
        }),
      },
      {
        caption: 'Positive targets by policy and label',
        header: ['label', ...Object.keys(policies)],
        rows: labels.map((label) => [label, ...Object.values(policies).map((byLabel) => byLabel[label].positives)]),
      },
    ],
  };
}

function hierarchySection({ hierarchy, labelViolations, graph }: DataDescription): ReportSection {
  return {
    heading: 'Hierarchy',
    paragraphs: [
      `Label graph ${graph}. ${labelViolations === null ? 'No pair of an edge is known.' : `${(100 * labelViolations).toFixed(2)} % of the known pairs of an edge have the child present and the parent absent.`}`,
    ],
    tables: [
      {
        caption: 'What the parent’s cell says where the child is present',
        header: ['edge', 'child present', 'present', 'absent', 'uncertain', 'blank'],
        rows: hierarchy.map(({ child, parent, childPositive, parentWhenChildPositive: said }) => [
          `${child} → ${parent}`,
          childPositive,
          said[1],
          said[0],
          said['-1'],
          said.blank,
        ]),
      },
    ],
  };
}

async function peopleSection({ sex, age, view, rows }: DataDescription): Promise<ReportSection> {
  const groups = (name: string, of: DataDescription['sex']): ReportTable => {
    const labels = Object.keys(Object.values(of)[0]?.prevalence ?? {});
    return {
      caption: `Share of images with each label, by ${name}`,
      header: ['label', ...Object.entries(of).map(([group, { rows: images }]) => `${group} (${images})`)],
      rows: labels.map((label) => [
        label,
        ...Object.values(of).map(({ prevalence }) => prevalence[label]?.toFixed(3) ?? null),
      ]),
    };
  };
  const part = (of: string, parts: Record<string, number>) => {
    const told = Object.values(parts).reduce((sum, count) => sum + count, 0);
    const all = told < rows ? { ...parts, 'not told': rows - told } : parts;
    return Object.entries(all).map(([name, count]) => ({ bar: `${of}: ${name}`, part: of, count }));
  };
  const sizes = (of: DataDescription['sex']): Record<string, number> =>
    Object.fromEntries(Object.entries(of).map(([name, group]) => [name, group.rows]));
  const bars = [...part('sex', sizes(sex)), ...part('age', sizes(age)), ...part('view', view)];
  return {
    heading: 'People and views',
    figures: [
      {
        svg: await stackedBars(bars, { title: 'Images by sex, age and view', axis: 'images' }),
        description: 'How many images there are of each sex, age and view',
      },
    ],
    tables: [
      ...(Object.keys(sex).length > 0 ? [groups('sex', sex)] : []),
      ...(Object.keys(age).length > 0 ? [groups('age', age)] : []),
    ],
  };
}

function splitsSection({ splits, labels, patientsInSeveralSplits }: DataDescription): ReportSection {
  const filled = Object.entries(splits).filter(([, { images }]) => images > 0);
  return {
    heading: 'Splits',
    paragraphs: [
      patientsInSeveralSplits > 0
        ? `${patientsInSeveralSplits} patients are in more than one split: scores on them would be too good.`
        : 'No patient is in more than one split.',
    ],
    tables: [
      {
        caption: 'Images, patients and studies',
        header: ['split', 'images', 'patients', 'studies'],
        rows: filled.map(([name, { images, patients, studies }]) => [name, images, patients, studies]),
      },
      {
        caption: 'Positives by split',
        header: ['label', ...filled.map(([name]) => name)],
        rows: labels.map((label) => [label, ...filled.map(([, { positives }]) => positives[label])]),
      },
    ],
  };
}

function rowsSection(found: DataDescription): ReportSection {
  const { badRows } = found;
  return {
    heading: 'Rows',
    paragraphs: [
      badRows.length === 0 ? 'Every row of the tables could be used.' : `${badRows.length} rows could not be used.`,
      ...leftOutLines(found),
    ],
    tables:
      badRows.length === 0
        ? []
        : [
            {
              caption: 'Bad rows',
              header: ['row', 'file', 'column', 'expected', 'got'],
              rows: badRows
                .slice(0, 200)
                .map(({ file, row, column, expected, got }) => [row, file, column ?? '', expected, got]),
            },
          ],
  };
}
