import { stackedBars, type ReportPage, type ReportSection, type ReportTable } from '@cxr-align/report';
import { range, shareScale, stripCell, stripHead } from './cells.js';
import { drawnLabels, matrixFigure } from './drawn-labels.js';
import type { DatasetDescription } from '@cxr-align/curation';
import { fileCheckLines } from './file-check-lines.js';
import { imagesSection } from './images-section.js';
import { excludedLines } from '@cxr-align/training';

/** A page about a data set. */
export function dataReport(found: DatasetDescription): ReportPage {
  const { name, rows, patients, studies, format, reason, splits, badRows, images, labels } = found;
  const filled = Object.entries(splits).filter(([, split]) => split.images > 0);
  return {
    title: `Data set ${name}`,
    lead: `${rows} images of ${patients} patients in ${studies} studies with ${labels.length} labels.`,
    notices: [
      ...(found.patientsInSeveralSplits > 0
        ? [`${found.patientsInSeveralSplits} patients are in more than one split: scores on them would be too good.`]
        : []),
      ...(badRows.length > 0 ? [`${badRows.length} rows could not be used: see Rows.`] : []),
      ...(images && images.unreadable.length > 0 ? [`${images.unreadable.length} images cannot be read.`] : []),
      ...(images?.ranges.warning ? [`Warning: ${images.ranges.warning}.`] : []),
    ],
    facts: [
      ['read as', `${format} (${reason})`],
      ['splits', filled.map(([split, one]) => `${split}: ${one.images} images of ${one.patients} patients`).join('; ')],
    ],
    sections: [
      ...(rows > 0 ? [labelsSection(found), togetherSection(found)] : []),
      policiesSection(found),
      ...(found.hierarchy.length > 0 ? [hierarchySection(found)] : []),
      ...(rows > 0 ? [peopleSection(found)] : []),
      splitsSection(found),
      ...(images ? [imagesSection(images)] : []),
      rowsSection(found),
    ],
  };
}

function labelsSection({ labels, counts, prevalence }: DatasetDescription): ReportSection {
  const { places, note } = drawnLabels(labels.map((label) => counts[label][1]));
  const cells = places.flatMap((place) => {
    const bar = labels[place];
    return [
      { bar, part: 'present', count: counts[bar][1] },
      { bar, part: 'absent', count: counts[bar][0] },
      { bar, part: 'uncertain', count: counts[bar]['-1'] },
      { bar, part: 'blank', count: counts[bar].blank },
    ];
  });
  const scale = shareScale(labels.map((label) => prevalence[label].interval[1]));
  return {
    heading: 'Labels',
    paragraphs: [
      'The share of images in which a label is present; uncertain and blank cells count as not present. Intervals are of 95 %, images of a patient counted together.',
    ],
    tables: [
      {
        caption: 'Cells by label',
        isStacked: true,
        canFilter: true,
        header: [
          'label',
          stripHead(scale),
          'share',
          '95 %',
          'present',
          'absent',
          'uncertain',
          'blank',
          'effective sample size',
        ],
        rows: labels.map((label) => {
          const { proportion, interval, effectiveSize } = prevalence[label];
          return [
            label,
            stripCell([{ value: proportion, low: interval[0], high: interval[1] }], scale),
            proportion === null ? null : proportion.toFixed(4),
            range(interval, 4),
            counts[label][1],
            counts[label][0],
            counts[label]['-1'],
            counts[label].blank,
            effectiveSize === null ? null : Math.round(effectiveSize),
          ];
        }),
      },
    ],
    sections: [
      {
        heading: 'Annotations, drawn',
        isFolded: true,
        figures: [
          {
            svg: stackedBars(cells, { title: 'Annotations', axis: 'images', neutral: 'blank' }),
            description: `Annotations of each label: present, absent, uncertain, blank${note === '' ? '' : `; ${note}`}`,
          },
        ],
      },
    ],
  };
}

function togetherSection({
  labels,
  cooccurrencePositive: together,
  positivesPerRow,
}: DatasetDescription): ReportSection {
  const given = together.flatMap((row, i) => row.map((count) => (row[i] > 0 ? count / row[i] : 0)));
  return {
    heading: 'Together',
    figures: [
      matrixFigure(
        labels,
        given,
        'Share of the images with the row’s label that have the column’s',
        'How often labels are present together',
      ),
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

function policiesSection({ policies, labels }: DatasetDescription): ReportSection {
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

function hierarchySection({ hierarchy, labelViolations, graph }: DatasetDescription): ReportSection {
  return {
    heading: 'Hierarchy',
    paragraphs: [
      `Label graph ${graph}. ${labelViolations === null ? 'No pair of an edge is known.' : `${(100 * labelViolations).toFixed(2)} % of the known pairs of an edge have the child present and the parent absent.`}`,
    ],
    tables: [
      {
        caption: 'Annotations of the parent where the child is present',
        header: ['edge', 'child present', 'present', 'absent', 'uncertain', 'blank'],
        rows: hierarchy.map(({ child, parent, childPositive, parentWhenChildPositive: counts }) => [
          `${child} → ${parent}`,
          childPositive,
          counts[1],
          counts[0],
          counts['-1'],
          counts.blank,
        ]),
      },
    ],
  };
}

function peopleSection({ sex, age, view, rows }: DatasetDescription): ReportSection {
  const groups = (name: string, of: DatasetDescription['sex']): ReportTable => {
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
    const known = Object.values(parts).reduce((sum, count) => sum + count, 0);
    const all = known < rows ? { ...parts, unknown: rows - known } : parts;
    return Object.entries(all).map(([name, count]) => ({ bar: `${of}: ${name}`, part: of, count }));
  };
  const sizes = (of: DatasetDescription['sex']): Record<string, number> =>
    Object.fromEntries(Object.entries(of).map(([name, group]) => [name, group.rows]));
  const bars = [...part('sex', sizes(sex)), ...part('age', sizes(age)), ...part('view', view)];
  return {
    heading: 'People and views',
    figures: [
      {
        svg: stackedBars(bars, { title: 'Images by sex, age and view', axis: 'images' }),
        description: 'How many images there are of each sex, age and view',
      },
    ],
    tables: [
      ...(Object.keys(sex).length > 0 ? [groups('sex', sex)] : []),
      ...(Object.keys(age).length > 0 ? [groups('age', age)] : []),
    ],
  };
}

function splitsSection({ splits, labels, patientsInSeveralSplits }: DatasetDescription): ReportSection {
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

function rowsSection(found: DatasetDescription): ReportSection {
  const { badRows } = found;
  return {
    heading: 'Rows',
    paragraphs: [
      badRows.length === 0 ? 'Every row of the tables could be used.' : `${badRows.length} rows could not be used.`,
      ...excludedLines(found),
      ...found.remarks,
      ...fileCheckLines(found.files),
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
