import { join } from 'node:path';
import { writeFileAtomic } from '@cxr-align/files';
import { htmlReport, standaloneSvg, type ReportPage } from '@cxr-align/report';

/** A page, and figures that are written as files alone. */
export interface WrittenPage extends ReportPage {
  /** By the names of their files. */
  plates?: Readonly<Record<string, () => string>>;
}

/** Writes a page as an HTML file. */
export function writePage(file: string, page: ReportPage): void {
  writeFileAtomic(file, htmlReport(page));
}

/** Writes `report.html`, and with `png` its figures as files in `figures/`. */
export async function writeReport(
  folder: string,
  page: WrittenPage,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  writePage(join(folder, 'report.html'), page);
  if (!png) return;
  const { default: sharp } = await import('sharp');
  const figures = page.sections.flatMap(({ heading, figures: own = [] }) =>
    own.map(({ svg }, i): [string, () => string] => [`${heading}-${i + 1}`, () => svg]),
  );
  for (const [name, svg] of [...figures, ...Object.entries(page.plates ?? {})]) {
    const file = name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const bytes = await sharp(Buffer.from(standaloneSvg(svg())), { density: 144, unlimited: true })
      .png()
      .toBuffer();
    writeFileAtomic(join(folder, 'figures', `${file}.png`), new Uint8Array(bytes));
  }
}
