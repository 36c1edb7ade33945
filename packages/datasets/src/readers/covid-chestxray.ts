import { ageCell, filledCell, idText, imageCell, readSex } from '../columns/cell-values.js';
import { openTable } from '../table/open-table.js';
import type { Table } from '../table/table.js';
import { DatasetBuilder } from './dataset-builder.js';
import { columnsReason, columnText, folderOf, tableIn, type DatasetReader } from './reader.js';

const tableName = /^metadata\.csv$/;
const columns = ['patientid', 'finding', 'view', 'modality', 'filename'];

/** Findings that are unknown yet. */
const unknownFindings = ['todo', 'unknown', ''];

/**
 * covid-chestxray-dataset: `metadata.csv` with a path in a tree of findings (`Pneumonia/Viral/COVID-19`). The labels are
 * the nodes of that tree: those above a finding are present, those below it are uncertain, the others absent.
 */
export const covidChestxrayReader: DatasetReader = {
  format: 'covid-chestxray',
  description: 'metadata.csv of covid-chestxray-dataset',
  detect: async (path) => columnsReason(tableIn(path, tableName), columns),
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableIn(path, tableName)!);
    const [patientId, findingPath, view, modality, filename, ageText, sex, folderName, offset] = [
      ...columns,
      ...['age', 'sex', 'folder', 'offset'],
    ].map((name) => columnText(table, name));
    const labels = await nodesOf(table);
    const builder = new DatasetBuilder(labels);
    builder.useColumns(table, {
      ...{ image: 'filename', patient: 'patientid', study: 'offset', sex: 'sex', age: 'age', view: 'view' },
      ...{ findings: 'finding', modality: 'modality', folder: 'folder' },
    });
    await builder.addRows(table, (cells) => {
      const finding = findingPath(cells);
      if (modality(cells) !== 'X-ray') return builder.exclude('they are no X-rays');
      if (unknownFindings.includes(finding.toLowerCase())) return builder.exclude('their finding is not known');
      const name = filledCell(filename(cells), 'filename', 'a file name');
      const patient = idText(patientId(cells), 'patientid') || name;
      const age = ageCell(ageText(cells), 'age');
      const folder = folderName(cells) || 'images';
      builder.add(
        {
          id: name,
          image: imageCell(`${folder}/${name}`, 'filename', images),
          patient,
          study: `${patient}/${offset(cells)}`,
          split: 'train',
          sex: readSex(sex(cells)),
          ...(age !== undefined && { age }),
          view: view(cells) || undefined,
        },
        labels.map((label) => cellOf(label, finding)),
      );
    });
    return builder.result(path, { hasOwnSplits: false, hierarchy: hierarchyOf(table.file, labels) });
  },
};

/** Every node of the tree, parents first. */
async function nodesOf(table: Table): Promise<string[]> {
  const [finding, modality] = ['finding', 'modality'].map((name) => table.header.indexOf(name));
  const nodes = new Set<string>();
  await table.each((cells) => {
    const path = cells[finding].trim();
    if (cells[modality].trim() !== 'X-ray' || unknownFindings.includes(path.toLowerCase())) return;
    path.split('/').forEach((_, depth, parts) => nodes.add(parts.slice(0, depth + 1).join('/')));
  });
  return [...nodes].sort();
}

function cellOf(label: string, finding: string): number {
  if (finding === label || finding.startsWith(`${label}/`)) return 1;
  return label.startsWith(`${finding}/`) && finding !== 'No Finding' ? -1 : 0;
}

/** The tree in the form of `hierarchy.json`. */
function hierarchyOf(file: string, labels: readonly string[]): { file: string; text: string } {
  const parent = Object.fromEntries(
    labels.map((label) => [label, label.includes('/') ? label.slice(0, label.lastIndexOf('/')) : null]),
  );
  return { file, text: JSON.stringify({ nodes: labels, parent }) };
}
