import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { XMLParser } from 'fast-xml-parser';
import { indexImages } from './images.js';
import openiTerms from '../data/openi-terms.json' with { type: 'json' };
import { DatasetBuilder } from './dataset-builder.js';
import { folderOf, type DatasetReader } from './reader.js';

/** The headings of the reports and the label that each means. */
const labelOfTerm = new Map(
  Object.entries(openiTerms.labels).flatMap(([label, terms]) => terms.map((term) => [term.toLowerCase(), label])),
);
const labels = Object.keys(openiTerms.labels);

/** The most bytes of a report. */
const reportLimit = 2 ** 20;

/**
 * Open-i's Indiana University collection: a folder of reports as XML (`ecgen-radiology/1.xml` …), PNG images anywhere
 * below. What a report's MeSH headings name is present, all else absent.
 */
export const openiReader: DatasetReader = {
  format: 'openi',
  description: 'a folder of XML reports with <eCitation> (Open-i)',
  detect: async (path) => {
    const found = reportFolder(path);
    if (!found) return undefined;
    const first = await readFile(join(found.folder, found.names[0]), 'utf8');
    return first.includes('<eCitation')
      ? `${basename(found.folder)}/${found.names[0]} is a report of Open-i`
      : undefined;
  },
  read: async (path, { images = folderOf(path) }) => {
    const { folder, names } = reportFolder(path)!;
    const builder = new DatasetBuilder(labels);
    const index = await indexImages(images);
    const parser = await reportParser();
    for (const name of names) {
      const file = join(folder, name);
      let report: Report;
      try {
        report = parseReport(await readFile(file), parser);
      } catch (error) {
        builder.reject({ file, row: 1, expected: 'a report as XML', got: (error as Error).message });
        continue;
      }
      addReport(builder, report, (image) => index.path(`${image}.png`, 'parentImage'), { file, name });
    }
    builder.remarks.push(
      'warning: the reports name no patients, so every report counts as a patient of its own',
      ...index.remarks(),
    );
    return builder.result(path, { hasOwnSplits: false });
  },
};

function reportFolder(path: string): { folder: string; names: string[] } | undefined {
  if (!existsSync(path) || !statSync(path).isDirectory()) return undefined;
  const candidates = [
    path,
    ...['ecgen-radiology', 'NLMCXR_reports/ecgen-radiology', 'NLMCXR_reports', 'reports'].map((name) =>
      join(path, name),
    ),
  ];
  for (const folder of candidates) {
    if (!existsSync(folder)) continue;
    const names = readdirSync(folder).filter((name) => name.endsWith('.xml'));
    if (names.length > 0) return { folder, names: names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })) };
  }
  return undefined;
}

interface Report {
  id: string;
  headings: string[];
  images: { id: string; caption: string }[];
}

async function reportParser(): Promise<XMLParser> {
  const { XMLParser } = await import('fast-xml-parser');
  return new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    processEntities: false,
    isArray: (name) => ['major', 'parentImage'].includes(name),
  });
}

/** The parts of a report that are read; its text is not. */
function parseReport(bytes: Uint8Array, parser: XMLParser): Report {
  if (bytes.length > reportLimit) throw new Error(`more than ${reportLimit} bytes`);
  type Node = { '#text'?: string; '@id'?: string; caption?: unknown } | string;
  const { eCitation: report } = parser.parse(Buffer.from(bytes).toString('utf8')) as {
    eCitation?: {
      uId?: Node;
      MeSH?: { major?: Node[] };
      MedlineCitation?: { MeSH?: { major?: Node[] } };
      parentImage?: Node[];
    };
  };
  if (!report) throw new Error('no <eCitation>');
  const text = (node: Node | undefined): string =>
    String(typeof node === 'object' ? (node['#text'] ?? '') : (node ?? ''));
  const id = (node: Node | undefined): string => (typeof node === 'object' ? (node['@id'] ?? '') : '');
  return {
    id: id(report.uId),
    headings: (report.MeSH?.major ?? report.MedlineCitation?.MeSH?.major ?? []).map(text),
    images: (report.parentImage ?? []).map((node) => ({
      id: id(node),
      caption: typeof node === 'object' ? text(node.caption as Node) : '',
    })),
  };
}

function addReport(
  builder: DatasetBuilder,
  { id, headings, images }: Report,
  pathOf: (image: string) => string,
  { file, name }: { file: string; name: string },
): void {
  const study = id || name.replace(/\.xml$/, '');
  if (headings.length === 0) {
    images.forEach(() => builder.exclude('their reports have no headings'));
    return;
  }
  const found = new Set(headings.map((heading) => labelOfTerm.get(heading.split('/')[0].trim().toLowerCase())));
  const values = labels.map((label) => (found.has(label) ? 1 : 0));
  for (const { id: image, caption } of images)
    builder.attempt({ file, row: 1 }, () => {
      builder.add(
        { id: image, image: pathOf(image), patient: study, study, split: 'train', view: viewOf(caption) },
        values,
      );
    });
}

/** The view of a caption; `PA and lateral` stands at both images of a report, and names neither. */
function viewOf(caption: string): string | undefined {
  const frontal = /\b(pa|ap|frontal)\b/i.exec(caption)?.[1];
  const isLateral = /\blat/i.test(caption);
  if (frontal !== undefined && isLateral) return undefined;
  return isLateral ? 'Lateral' : frontal?.toUpperCase();
}
