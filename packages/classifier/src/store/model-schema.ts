import type { LabelCalibration, MetadataBaseline } from '@cxr-align/evaluation';
import { InputError, schemaFault } from '@cxr-align/files';
import type { StoredHead } from '@cxr-align/heads';
import { z } from 'zod';
import type { InputDescription } from '../model/model-inputs.js';
import type { FrozenTexts, LabelTexts } from '../texts/frozen-text-arrays.js';

const maybe = z.number().nullable();
const strings = z.array(z.string());
const extent = z.number().int().min(1).max(1_000_000);
const byLabel = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

const imageInput = z.looseObject({
  kind: z.literal('image'),
  size: extent,
  scale: z.looseObject({ mean: z.number(), std: z.number() }),
});

const featureInput = z.looseObject({
  kind: z.literal('features'),
  grid: extent,
  dim: extent,
  dtype: z.enum(['float16', 'float32']),
  source: z.looseObject({ encoder: z.string(), weightsHash: z.string(), preprocessing: z.unknown() }),
  encoder: z.string().nullable(),
  images: imageInput.optional(),
});

const inputDescription = z.discriminatedUnion('kind', [
  imageInput,
  featureInput.extend({ joined: z.array(featureInput).min(2).optional() }),
]) as unknown as z.ZodType<InputDescription>;

const calibration = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('none') }),
  z.looseObject({ kind: z.literal('temperature'), temperature: z.number() }),
  z.looseObject({ kind: z.literal('platt'), slope: z.number(), intercept: z.number() }),
  z
    .looseObject({
      kind: z.literal('isotonic'),
      logits: z.array(z.number()).min(1),
      probabilities: z.array(z.number()).min(1),
    })
    .refine(({ logits, probabilities }) => logits.length === probabilities.length, 'expected as many logits'),
]);

/** The JSON files of a model folder by their names: what a prediction relies on, so that a crafted one is refused and not run. */
export const modelFileSchemas = {
  'config.json': z.looseObject({
    formatVersion: z.unknown(),
    config: z.unknown(),
    input: inputDescription,
    members: z
      .array(z.looseObject({ name: z.string().min(1), input: inputDescription }))
      .min(1)
      .max(1000)
      .optional(),
    textEncoder: z.looseObject({ name: z.string(), hash: z.string() }).nullable() as z.ZodType<FrozenTexts['encoder']>,
  }),
  'prompts.json': z.array(
    z.looseObject({ label: z.string(), positive: strings, negative: strings, descriptors: strings }),
  ) as unknown as z.ZodType<LabelTexts[]>,
  'head.json': z.looseObject({
    kind: z.string(),
    labels: strings,
    settings: z.record(z.string(), z.unknown()),
  }) as unknown as z.ZodType<Omit<StoredHead, 'arrays'>>,
  'thresholds.json': byLabel(maybe),
  'calibration.json': byLabel(
    z.looseObject({
      calibration,
      // No bound is null in JSON.
      conformal: z.looseObject({ alpha: z.number(), present: maybe, absent: maybe }).nullable(),
      operating: byLabel(maybe),
      prior: maybe,
    }),
  ) as unknown as z.ZodType<Record<string, LabelCalibration>>,
  'training-set.json': z.looseObject({
    prevalence: byLabel(maybe),
    metadata: z
      .looseObject({
        features: strings,
        age: z.looseObject({ mean: z.number(), std: z.number() }).nullable(),
        hasSex: z.boolean(),
        views: strings,
        coefficients: z.array(z.array(z.number()).nullable()),
      })
      .nullable() as unknown as z.ZodType<MetadataBaseline | null>,
  }),
};

/** The content of a JSON file of a model folder. @param file named in errors. @throws {InputError} if it is of another form. */
export function checkModelFile<N extends keyof typeof modelFileSchemas>(
  name: N,
  content: unknown,
  file: string,
): z.infer<(typeof modelFileSchemas)[N]> {
  const { error } = modelFileSchemas[name].safeParse(withPlainKeys(content));
  if (error)
    throw new InputError(
      `expected ${name} as a training writes it, got another content (${schemaFault(error)}); copy the model folder again`,
      { file },
    );
  // Not zod's copy: it leaves out a label named __proto__.
  return content as z.infer<(typeof modelFileSchemas)[N]>;
}

/** The same under a name that zod reads. */
function withPlainKeys(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || !Object.hasOwn(content, '__proto__')) return content;
  return Object.fromEntries(Object.entries(content).map(([key, value]) => [key.replace('__proto__', 'proto'), value]));
}
