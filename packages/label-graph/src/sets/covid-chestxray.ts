import data from '../data/covid-chestxray.json' with { type: 'json' };
import type { LabelGraphDefinition } from '../definition.js';

export const covidChestxray: LabelGraphDefinition = data;
