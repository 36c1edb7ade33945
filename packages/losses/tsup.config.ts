import { library } from '../../tools/scripts/tsup-library';

export default library({
  parts: ['layers', 'reference'],
  // The little that this package uses of @cxr-align/tensor goes into its own build, so that it installs alone.
  bundle: ['@cxr-align/tensor'],
  browser: { file: 'losses', global: 'cxrAlign.losses' },
});
