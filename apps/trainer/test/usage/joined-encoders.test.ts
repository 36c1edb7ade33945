import { joinedEncoders } from '../../src/usage/joined-encoders.js';

describe('joinedEncoders(flags)', () => {
  it('takes the first encoder and store, and joins the others to them in order', () => {
    expect(joinedEncoders({})).toEqual({ encoder: undefined, features: undefined });
    expect(joinedEncoders({ encoder: ['e'] })).toEqual({ encoder: 'e', features: undefined });
    expect(joinedEncoders({ features: ['a', 'b', 'c'] })).toEqual({
      encoder: undefined,
      features: 'a',
      joined: [{ features: 'b' }, { features: 'c' }],
    });
    expect(joinedEncoders({ features: ['a', 'b'], encoder: ['e', 'f'] })).toEqual({
      encoder: 'e',
      features: 'a',
      joined: [{ features: 'b', encoder: 'f' }],
    });
  });
  it('refuses several encoders without a store each', () => {
    for (const [flags, got] of [
      [{ encoder: ['e', 'f'] }, 'got 0 of --features and 2 of --encoder'],
      [{ encoder: ['e', 'f'], features: ['a'] }, 'got 1 of --features and 2 of --encoder'],
      [{ encoder: ['e'], features: ['a', 'b'] }, 'got 2 of --features and 1 of --encoder'],
    ] as const)
      expect(() => joinedEncoders(flags)).toThrow(
        `expected --features for each of several encoders, and --encoder for each of them or none, ${got}`,
      );
  });
});
