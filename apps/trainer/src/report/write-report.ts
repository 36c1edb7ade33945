import { join } from 'node:path';
import { writeFileAtomic } from '@cxr-align/files';
import { htmlReport, type ReportSection } from '@cxr-align/report';
import sharp from 'sharp';

/** A page as it is written. */
export interface ReportPage {
  title: string;
  lead: string;
  sections: ReportSection[];
}

/** Writes `report.html`, and with `png` each of its figures as a file in `figures/`. */
export async function writeReport(
  folder: string,
  page: ReportPage,
  { png = false }: { png?: boolean } = {},
): Promise<void> {
  writeFileAtomic(join(folder, 'report.html'), htmlReport(page));
  if (!png) return;
  for (const { heading, figures = [] } of page.sections) {
    for (const [i, { svg }] of figures.entries()) {
      const name = `${heading}-${i + 1}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      const bytes = await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
      writeFileAtomic(join(folder, 'figures', `${name}.png`), new Uint8Array(bytes));
    }
  }
}
