import { RandomStream } from '@cxr-align/random';

/** The fourteen observations of CheXpert in the order of its tables. */
export const chexpertLabels = [
  'No Finding',
  'Enlarged Cardiomediastinum',
  'Cardiomegaly',
  'Lung Opacity',
  'Lung Lesion',
  'Edema',
  'Consolidation',
  'Pneumonia',
  'Atelectasis',
  'Pneumothorax',
  'Pleural Effusion',
  'Pleural Other',
  'Fracture',
  'Support Devices',
] as const;

export type ChexpertLabel = (typeof chexpertLabels)[number];

/** Each label's parent in CheXpert's hierarchy, for those that have one. */
const parents: Partial<Record<ChexpertLabel, ChexpertLabel>> = {
  Cardiomegaly: 'Enlarged Cardiomediastinum',
  'Lung Lesion': 'Lung Opacity',
  Edema: 'Lung Opacity',
  Consolidation: 'Lung Opacity',
  Pneumonia: 'Consolidation',
  Atelectasis: 'Lung Opacity',
};

/** One image to be drawn, and what its tables say. */
export interface PhantomPlan {
  /** Relative path of the image. */
  path: string;
  split: 'train' | 'valid' | 'test';
  patient: number;
  female: boolean;
  age: number;
  anteroposterior: boolean;
  /** Findings that are drawn. */
  drawn: ReadonlySet<ChexpertLabel>;
  /** What is the case, closed under the hierarchy. */
  present: ReadonlySet<ChexpertLabel>;
  /** The table's cells: 1, 0, −1 or NaN (blank), in label order. */
  cells: number[];
  /** Number of the image, the key of its random numbers. */
  index: number;
}

/** How often a finding is drawn for its own sake. */
const ownRate: Partial<Record<ChexpertLabel, number>> = {
  'Enlarged Cardiomediastinum': 0.05,
  Cardiomegaly: 0.1,
  'Lung Opacity': 0.08,
  'Lung Lesion': 0.07,
  Edema: 0.13,
  Consolidation: 0.08,
  Pneumonia: 0.06,
  Atelectasis: 0.13,
  Pneumothorax: 0.09,
  'Pleural Effusion': 0.15,
  'Pleural Other': 0.04,
  Fracture: 0.05,
};

/**
 * Invents patients with their studies: sex, age, view, findings that go together as they do in hospitals, long-tailed
 * prevalence, and tables as CheXpert has them. Patients are in one split only.
 */
export function planPhantoms(images: number, seed: number): PhantomPlan[] {
  const plans: PhantomPlan[] = [];
  for (let patient = 1; plans.length < images; patient++) {
    const random = new RandomStream({ seed, purpose: 'phantom/patient', step: patient });
    const place = random.uniform();
    const split = place < 0.62 ? 'train' : place < 0.75 ? 'valid' : 'test';
    const female = random.chance(0.45);
    const age = Math.min(90, Math.max(18, Math.round(60 + 17 * random.normal())));
    // How ill this patient is: it raises all findings together.
    const illness = Math.exp(0.5 * random.normal()) * (0.6 + age / 150);
    const studies = 1 + random.integer(3);
    for (let study = 1; study <= studies && plans.length < images; study++) {
      const drawn = drawFindings(random, illness);
      const present = close(drawn);
      const anteroposterior = random.chance(drawn.has('Support Devices') ? 0.8 : 0.4);
      const name = `patient${String(patient).padStart(5, '0')}/study${study}/view1_frontal.png`;
      plans.push({
        path: `images/${name}`,
        split,
        patient,
        female,
        age,
        anteroposterior,
        drawn,
        present,
        cells:
          split === 'train'
            ? reportCells(random, drawn, present)
            : chexpertLabels.map((label) => (present.has(label) ? 1 : 0)),
        index: plans.length,
      });
    }
  }
  return plans;
}

function drawFindings(random: RandomStream, illness: number): Set<ChexpertLabel> {
  const drawn = new Set<ChexpertLabel>();
  for (const [label, rate] of Object.entries(ownRate) as [ChexpertLabel, number][]) {
    if (random.chance(Math.min(0.8, rate * illness))) drawn.add(label);
  }
  // A failing heart is large and its lungs are wet; fluid compresses the lung above it; broken ribs let air in.
  if (drawn.has('Edema') && random.chance(0.45)) drawn.add('Cardiomegaly');
  if (drawn.has('Edema') && random.chance(0.4)) drawn.add('Pleural Effusion');
  if (drawn.has('Pleural Effusion') && random.chance(0.3)) drawn.add('Atelectasis');
  if (drawn.has('Fracture') && random.chance(0.25)) drawn.add('Pneumothorax');
  if (random.chance(drawn.size > 2 ? 0.65 : drawn.size > 0 ? 0.38 : 0.18)) drawn.add('Support Devices');
  return drawn;
}

function close(drawn: ReadonlySet<ChexpertLabel>): Set<ChexpertLabel> {
  const present = new Set(drawn);
  for (const label of drawn) {
    for (let parent = parents[label]; parent; parent = parents[parent]) present.add(parent);
  }
  const isHealthy = [...present].every((label) => label === 'Support Devices');
  if (isHealthy) present.add('No Finding');
  return present;
}

/** What a labeller reads out of a report: much is not mentioned, some is uncertain, parents are often left unsaid. */
function reportCells(
  random: RandomStream,
  drawn: ReadonlySet<ChexpertLabel>,
  present: ReadonlySet<ChexpertLabel>,
): number[] {
  return chexpertLabels.map((label) => {
    const chance = random.uniform();
    if (label === 'No Finding') return present.has(label) ? 1 : NaN;
    if (drawn.has(label)) return chance < 0.89 ? 1 : chance < 0.96 ? -1 : NaN;
    if (present.has(label)) return chance < 0.6 ? 1 : chance < 0.65 ? -1 : NaN;
    return chance < 0.3 ? 0 : chance < 0.325 ? -1 : NaN;
  });
}
