import { z } from 'zod';

const texts = z.record(z.string(), z.string());
const digests = z.looseObject({ sha256: z.string(), rows: z.string() });

/** The form of `identity.json`: what comparisons with it rely on. */
export const identitySchema = z.looseObject({
  data: z.looseObject({
    name: z.string(),
    images: z.number().int().min(0),
    labels: z.array(z.string()),
    parts: z.looseObject({
      names: digests,
      patients: digests,
      studies: digests,
      splits: digests,
      'ages, sexes and views': digests,
      labels: digests,
    }),
    contents: digests,
    features: digests.optional(),
  }),
  config: z.looseObject({}),
  selection: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
  parts: texts,
  plugins: texts,
  code: texts,
  machine: z.looseObject({ engine: z.string(), node: z.string() }),
  archive: z.looseObject({ images: z.number().int().min(0), sha256: z.string() }).optional(),
  from: z.looseObject({ modelSha256: z.string() }).optional(),
});
