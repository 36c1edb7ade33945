import { ageCell, filledCell, imageCell, readSex } from '../cells.js';
import { openTable, type Table } from '../table.js';
import { columnsReason, columnText, DatasetBuilder, folderOf, tableIn, type DatasetReader } from './reader.js';

const tableName = /^metadata\.csv$/;
const columns = ['patientid', 'finding', 'view', 'modality', 'filename'];

/** Findings that say nothing yet. */
const untold = ['todo', 'unknown', ''];

/**
 * covid-chestxray-dataset: `metadata.csv` with a path in a tree of findings (`Pneumonia/Viral/COVID-19`). The labels are
 * the nodes of that tree: those above a finding are present, those below it are not told (uncertain), the others absent.
 */
export const covidChestxrayReader: DatasetReader = {
  format: 'covid-chestxray',
  looksFor: 'metadata.csv of covid-chestxray-dataset',
  recognize: async (path) => columnsReason(tableIn(path, tableName), columns),
  read: async (path, { images = folderOf(path) }) => {
    const table = await openTable(tableIn(path, tableName)!);
    const [patientId, findingPath, view, modality, filename, ageText, sex, folderName, offset] = [
      ...columns,
      ...['age', 'sex', 'folder', 'offset'],
    ].map((name) => columnText(table, name));
    const labels = await nodesOf(table);
    const builder = new DatasetBuilder(labels);
    await builder.addRows(table, (cells) => {
      const finding = findingPath(cells);
      if (modality(cells) !== 'X-ray') return builder.leaveOut('they are no X-rays');
      if (untold.includes(finding.toLowerCase())) return builder.leaveOut('their finding is not told');
      const name = filledCell(filename(cells), 'filename', 'a file name');
      const patient = patientId(cells) || name;
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
    if (cells[modality].trim() !== 'X-ray' || untold.includes(path.toLowerCase())) return;
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
