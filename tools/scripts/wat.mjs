// npm run wat: writes the module of every WebAssembly text beside it, as base64; a test of its package holds the two together.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import wabt from 'wabt';
import { root } from './workspace.mjs';

const { parseWat } = await wabt();
for (const file of ['packages/image-backbone/src/kernels.wat']) {
  const module = parseWat(file, readFileSync(join(root, file), 'utf8'), { simd: true });
  module.validate();
  const lines = Buffer.from(module.toBinary({}).buffer)
    .toString('base64')
    .match(/.{1,110}/g);
  module.destroy();
  const name = basename(file, '.wat').replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  writeFileSync(
    join(root, file.replace('.wat', '-module.ts')),
    `/** ${basename(file)} in binary; \`npm run wat\` writes it. */\nexport const ${name}Module = Buffer.from(\n  [\n${lines.map((line) => `    '${line}',\n`).join('')}  ].join(''),\n  'base64',\n);\n`,
  );
}
