import { library } from '../../tools/scripts/tsup-library';

export default library({
  // The little that this package uses of @cxr-align/files goes into its own build, so that it installs alone.
  bundle: ['@cxr-align/files/printable'],
});
