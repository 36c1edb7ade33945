import { InputError } from '@cxr-align/files';

/** A flag that names one more encoder, or its store, each time it is given. */
export const each = { array: true, nargs: 1 } as const;

/** Encoders and stores as the flags `--encoder` and `--features` have them. */
export interface EncoderFlags {
  encoder?: readonly string[];
  features?: readonly string[];
}

/** The same as options have them: the first ones, and those whose features are joined to theirs. */
export interface JoinedEncoders {
  encoder?: string;
  features?: string;
  joined?: { features: string; encoder?: string }[];
}

/** @throws {InputError} if several encoders are named without a store each. */
export function joinedEncoders({ encoder = [], features = [] }: EncoderFlags): JoinedEncoders {
  const several = Math.max(encoder.length, features.length) > 1;
  if (several && (features.length < 2 || (encoder.length > 0 && encoder.length !== features.length)))
    throw new InputError(
      `expected --features for each of several encoders, and --encoder for each of them or none, got ${features.length} of --features and ${encoder.length} of --encoder`,
    );
  const [first, ...others] = features;
  return {
    encoder: encoder[0],
    features: first,
    ...(others.length > 0 && {
      joined: others.map((store, i) => ({ features: store, ...(encoder.length > 0 && { encoder: encoder[i + 1] }) })),
    }),
  };
}
