import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** All sources of packages and of the command, as one text. */
function sources(): string {
  const rooms = [...readdirSync(join(root, 'packages')).map((name) => join('packages', name)), join('apps', 'trainer')];
  return rooms
    .flatMap((room) =>
      readdirSync(join(root, room, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(root, room, 'src', name), 'utf8')),
    )
    .join('\n');
}

/** The error texts of the page's tables. */
function quoted(): string[] {
  const page = readFileSync(join(root, 'apps', 'docs', 'how-to', 'troubleshooting.md'), 'utf8');
  return [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, text]) => text);
}

describe('the page "Troubleshooting by error text"', () => {
  it('quotes texts that the program has', () => {
    const code = sources();
    // What depends on the data stands as … in the page, and as a hole of a template in the code.
    const unknown = quoted().filter((text) => text.split('…').some((part) => !code.includes(part.trim())));
    expect(unknown).toEqual([]);
    expect(quoted().length).toBeGreaterThan(20);
  });
});
