// A data set of your own: a table, images, and a label graph that extends a shipped one.
import { mkdirSync, writeFileSync } from 'node:fs';
import { openDataset, resolveConfig, startEngine, train } from 'cxr-align';
import { encodePng } from '@cxr-align/image-backbone';

mkdirSync('own/images', { recursive: true });
const rows = ['image,patient,split,Lung Opacity,Ground Glass'];
for (let i = 0; i < 90; i++) {
  const opacity = i % 3 !== 0;
  const glass = opacity && i % 2 === 0;
  const pixels = Uint8Array.from({ length: 32 * 32 }, (_, at) => {
    const grey = at % 32 < 16 && opacity ? (glass ? 130 : 200) : 60;
    return grey + ((at * 31 + i * 17) % 23);
  });
  writeFileSync(`own/images/${i}.png`, await encodePng(pixels, { width: 32, height: 32 }));
  rows.push([`${i}.png`, `p${i >> 1}`, ['train', 'train', 'val', 'test'][(i >> 1) % 4], +opacity, +glass].join(','));
}
writeFileSync('own/labels.csv', `${rows.join('\n')}\n`);
writeFileSync(
  'own/graph.yaml',
  `name: own
source: our radiologists
labels:
  - { name: Lung Opacity, synonyms: [opacity] }
  - { name: Ground Glass, parents: [Lung Opacity], synonyms: [ground-glass opacity] }
`,
);

await startEngine('wasm');
const data = await openDataset('own');
const config = resolveConfig({ graph: 'own/graph.yaml', epochs: 6, bootstrap: 50, image: { size: 32 } });
const run = await train({ data, config, out: 'runs/own', on: { remark: console.error } });
for (const [label, { auroc }] of Object.entries(run.evaluation.labels)) console.log(label, auroc?.toFixed(3));
