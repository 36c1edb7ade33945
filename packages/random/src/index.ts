export { hashString, RandomStream, streamWords, type RandomKey } from './random-stream.js';
export { philox4x32 } from './philox.js';
