import { readdirSync } from 'node:fs';
import { library } from '../../tools/scripts/tsup-library';

const sets = readdirSync('src/sets').map((file) => `sets/${file.replace('.ts', '')}`);

export default library({
  parts: ['formats', 'sets', ...sets],
  sharesState: true,
  // The little that this package uses of @cxr-align/files goes into its own build, so that it installs alone.
  bundle: ['@cxr-align/files/printable', '@cxr-align/files/yaml'],
  browser: { file: 'label-graph', global: 'cxrAlign.labelGraph' },
});
