export { asLayersLoss, type LayersLoss, type LayersOptions } from './layers-loss.js';
