import { library } from '../../tools/scripts/tsup-library';

export default library({
  parts: ['layers', 'reference'],
  // The little that this package uses of other packages goes into its own build, so that it installs alone.
  bundle: ['@cxr-align/tensor', '@cxr-align/fused-ops'],
  browser: { file: 'losses', global: 'cxrAlign.losses' },
});
