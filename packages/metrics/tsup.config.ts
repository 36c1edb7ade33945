import { library } from '../../tools/scripts/tsup-library';

// The little that this package uses of @cxr-align/random goes into its own build, so that it installs alone.
export default library({ bundle: ['@cxr-align/random'], browser: { file: 'metrics', global: 'cxrAlign.metrics' } });
