export { type PixelBox } from './film.js';
export { chexpertLabels, planPhantoms, type ChexpertLabel, type PhantomPlan } from './population.js';
export { renderPhantom, type PhantomImage } from './render.js';
export { writePhantom, type WritePhantomOptions } from './write-phantom.js';
