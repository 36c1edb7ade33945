import { library } from '../../tools/scripts/tsup-library';

export default library({
  parts: ['bootstrap', 'decode', 'feature-reader'].map((name) => `workers/${name}-worker`),
});
