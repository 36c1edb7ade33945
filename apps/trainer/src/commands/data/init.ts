import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { draftMapping } from '@cxr-align/datasets';
import { InputError, writeFileAtomic } from '@cxr-align/files';
import { printResult } from '../command.js';

interface Flags {
  json: boolean;
  data: string;
  out?: string;
}

/** `data init`: a first draft of a mapping for a table of any kind. */
export async function init({ json, data, out }: Flags): Promise<void> {
  const file = out ?? join(dirname(data), 'dataset.yaml');
  if (existsSync(file))
    throw new InputError(`expected a new file, got ${file}, which exists; edit it, or name another with --out`);
  if (relative(dirname(file), dirname(data)) !== '')
    throw new InputError(`expected --out beside the table, in ${dirname(data)}, got ${file}`);
  const { yaml, columns } = await draftMapping(data);
  writeFileAtomic(file, yaml);
  const unknown = columns.filter(({ role }) => role === 'unknown').map(({ column }) => column);
  printResult(json, { file, columns }, () =>
    [
      `${file}:`,
      ...columns
        .filter(({ role }) => role !== 'unknown')
        .map(({ column, role, examples }) => `  ${column}: ${role} (${examples.join(', ').slice(0, 60)})`),
      ...(unknown.length > 0 ? [`not used: ${unknown.join(', ')}`] : []),
      `next: check it, then cxr-align data describe --data ${file}`,
    ].join('\n'),
  );
}
