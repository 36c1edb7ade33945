import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startThreads } from '../src/threads.js';

const folder = mkdtempSync(join(tmpdir(), 'threads-'));
const script = join(folder, 'wait.mjs');
writeFileSync(
  script,
  `export default async (milliseconds) => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (milliseconds === 3) throw new Error('three');
  return 2 * milliseconds;
};
`,
);
afterAll(() => rmSync(folder, { recursive: true }));

describe('startThreads(script, count, tasks)', () => {
  it('answers each task, also those that are open when the threads are ended', async () => {
    const threads = startThreads<number, number>(pathToFileURL(script), 2, 2);
    expect(await threads.run(1)).toBe(2);
    await expect(threads.run(3)).rejects.toThrow('three');
    const open = [200, 10, 150, 20, 100, 5].map((milliseconds) => threads.run(milliseconds));
    void threads.run(3);
    await threads.stop();
    expect(await Promise.all(open)).toEqual([400, 20, 300, 40, 200, 10]);
  });
});
