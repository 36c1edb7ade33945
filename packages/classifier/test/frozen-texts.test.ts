import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeNpy } from '@cxr-align/files';
import { LabelGraph } from '@cxr-align/label-graph';
import { chexpert14 } from '@cxr-align/label-graph/sets/chexpert-14';
import { itWithShared } from '@cxr-align/testkit';
import { checkModelConfig } from '../src/model-config.js';
import { frozenTexts } from '../src/texts/frozen-texts.js';

const graph = new LabelGraph({ name: 'x', labels: [{ name: 'Edema' }, { name: 'Pleural Effusion' }] });
const folderWith = (labels: unknown): string => {
  const folder = mkdtempSync(join(tmpdir(), 'texts-'));
  writeFileSync(join(folder, 'e.npy'), writeNpy({ shape: [3, 2], data: Float32Array.of(1, 0, 3, 4, 0, 2) }));
  if (labels !== undefined) writeFileSync(join(folder, 'labels.json'), JSON.stringify(labels));
  return join(folder, 'e.npy');
};
const texts = (embeddings: string, of = graph) =>
  frozenTexts(checkModelConfig({ prompts: { embeddings } }, 'test'), of);

describe('frozenTexts(config, graph)', () => {
  it('encodes positive and negative prompts with the built-in encoder', async () => {
    const { prompts, words, encoder } = await texts('');
    expect(prompts.shape).toEqual([2, 2, 256]);
    expect(prompts.data).toHaveLength(2 * 2 * 256);
    expect(words.map(({ label }) => label)).toEqual(graph.labels);
    expect(encoder?.name).toBe('built-in');
  });
  it("takes a label's own prompts in place of those of the set", async () => {
    const own = new LabelGraph({
      name: 'x',
      labels: [{ name: 'Edema', prompts: { positive: ['wet lungs'], negative: ['dry lungs'] } }, { name: 'Fracture' }],
    });
    const { words } = await texts('', own);
    expect(words[0]).toMatchObject({ label: 'Edema', positive: ['wet lungs'], negative: ['dry lungs'] });
    expect(words[1].positive).not.toEqual(['wet lungs']);
    const half = new LabelGraph({ name: 'x', labels: [{ name: 'Edema', prompts: { positive: ['wet lungs'] } }] });
    expect((await texts('', half)).words[0].negative).toEqual((await texts('')).words[0].negative);
  });
  it('finds stored embeddings by the name of the label, not by their place', async () => {
    const { prompts } = await texts(folderWith(['pleural_effusion', 'Fracture', 'Edema']));
    expect(prompts.shape).toEqual([1, 2, 2]);
    expect([...prompts.data]).toEqual([0, 1, 1, 0]);
  });
  it('refuses embeddings without labels, or without one of ours', async () => {
    await expect(texts(folderWith(undefined))).rejects.toThrow('expected a JSON file, got no such file');
    await expect(texts(folderWith(['a', 'b', 'Edema']))).rejects.toThrow('got none for Pleural Effusion');
    await expect(texts(folderWith(['a', 'b']))).rejects.toThrow('expected a row for each of 2 labels, got 3');
  });
  itWithShared(
    'data/prompt-embeddings/biomedclip.npy',
    'reads real BiomedCLIP embeddings in our label order',
    async (path) => {
      const { prompts } = await texts(path, new LabelGraph(chexpert14));
      expect(prompts.shape).toEqual([1, 14, 512]);
    },
  );
});
