import { library } from '../../tools/scripts/tsup-library';

// The little that this package uses of @cxr-align/tensor goes into its own build, so that it installs alone.
export default library({ bundle: ['@cxr-align/tensor'] });
