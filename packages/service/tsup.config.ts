import { library } from '../../tools/scripts/tsup-library';

export default library({ parts: ['workers/predictor-worker'] });
