import { library } from '../../tools/scripts/tsup-library';

export default library({ parts: ['workers/image-facts-worker', 'workers/phantom-worker'] });
