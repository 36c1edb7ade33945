import { library } from '../../tools/scripts/tsup-library';

export default library();
