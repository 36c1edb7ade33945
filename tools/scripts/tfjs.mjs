// What `@tensorflow/tfjs` is in Node, as far as the examples of the pages need it: the whole of that package
// would be installed for nothing else. `npm run losses-alone` uses the real one.
import '@tensorflow/tfjs-backend-cpu';

export * from '@tensorflow/tfjs-core';
export * from '@tensorflow/tfjs-layers';
