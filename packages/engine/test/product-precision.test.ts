import { fusedOps, type PrecisionSwitch } from '@cxr-align/fused-ops';
import * as tf from '@tensorflow/tfjs-core';
import { tensorFloat32Facts } from '../src/start/tensor-float-32.js';
import { withExecuteOp } from './capture-helpers.js';
import { describeTensorflow } from './describe-tensorflow.js';

/** The nearest number with 8 significant bits, ties to even, as bfloat16 has them. */
function rounded(value: number): number {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  const even = (bits >> 16) & 1;
  return new Float32Array(Uint32Array.of(((bits + 0x7fff + even) >>> 16) << 16).buffer)[0];
}

describeTensorflow('products in bfloat16', (engine) => {
  let precision: PrecisionSwitch;
  beforeAll(() => (precision = fusedOps().productPrecision!));
  afterEach(() => precision.set('float32'));

  const row = [1.001, -0.3337, 2.71828];
  const column = [0.57721, 3.14159, -1.41421];
  const product = (): number =>
    tf.tidy(() => tf.matMul(tf.tensor2d([row]), tf.tensor2d([column]), false, true).dataSync()[0]);

  it('round both inputs and the result, and those of float32 none', () => {
    const exact = row.reduce((sum, value, i) => sum + value * column[i], 0);
    expect(product()).toBeCloseTo(exact, 5);
    precision.set('bf16');
    const narrow = rounded(row.reduce((sum, value, i) => sum + rounded(value) * rounded(column[i]), 0));
    expect(product()).toBe(narrow);
    expect(Math.abs(narrow - exact)).toBeGreaterThan(1e-4);
    precision.set('float32');
    expect(product()).toBeCloseTo(exact, 5);
  });
  it('are those of batches, of convolutions and of their gradients, and of nothing else', () => {
    const names: string[] = [];
    withExecuteOp(
      (binding) =>
        (name, attributes, ...more) => {
          const isNarrow = attributes.some(({ name: of, value }) => of === 'T' && value === 14);
          if (isNarrow) names.push(name);
          return binding.executeOp(name, attributes, ...more);
        },
      () => {
        precision.set('bf16');
        tf.tidy(() => {
          const filter = tf.variable(tf.ones<tf.Rank.R4>([2, 2, 3, 4]));
          const image = tf.variable(tf.ones<tf.Rank.R4>([2, 5, 5, 3]));
          const { grads } = tf.variableGrads(() => {
            const maps = tf.reshape(tf.conv2d(image, filter, 1, 'same'), [2, 25, 4]);
            return tf.sum(tf.softmax(tf.matMul(maps, maps, false, true))) as tf.Scalar;
          });
          expect(Object.keys(grads)).toHaveLength(2);
          tf.dispose([filter, image]);
        });
        precision.set('float32');
      },
    );
    expect([...new Set(names)].sort()).toEqual([
      'BatchMatMulV2',
      'Conv2D',
      'Conv2DBackpropFilter',
      'Conv2DBackpropInput',
    ]);
  });
  it('leave sums over rows, which are products with ones otherwise, in float32, and attention to plain products', () => {
    const before = fusedOps();
    precision.set('bf16');
    expect(fusedOps().attention).toBeUndefined();
    const sums = tf.tidy(() => fusedOps().columnSums!(tf.tensor2d([[256], [1], [1]])).dataSync()[0]);
    expect(sums).toBe(258);
    precision.set('float32');
    expect(fusedOps()).toBe(before);
  });
  it('fail with the error of the product, and leak nothing', () => {
    precision.set('bf16');
    const before = tf.memory().numTensors;
    expect(() => tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([2, 3])))).toThrow();
    product();
    expect(tf.memory().numTensors).toBe(before);
  });
  it('are available, and those of TF32 on a device alone', () => {
    expect(precision.unavailable('bf16')).toBeUndefined();
    expect(precision.unavailable('float32')).toBeUndefined();
    if (engine === 'native')
      expect(precision.unavailable('tf32')).toEqual({
        reason: 'TF32 is of NVIDIA GPUs, and this TensorFlow computes on the CPU',
        hint: 'use the engine cuda, or float32',
      });
  });
});

describeTensorflow('tensorFloat32Facts', () => {
  const device = (computeCapability: string) => () => ({
    driver: '580',
    devices: [{ name: 'A device', computeCapability }],
    libraries: [],
  });
  /** The backend, with TensorFlow's switch or without it. */
  const withSwitch = <T>(has: boolean, work: () => T): T => {
    const owner = tf.backend() as unknown as { binding: object };
    const { binding } = owner;
    owner.binding = Object.create(binding, { tensorFloat32: { value: () => (has ? false : undefined) } }) as object;
    try {
      return work();
    } finally {
      owner.binding = binding;
    }
  };

  it('names what keeps products from TF32: the variable of NVIDIA, the binding, the device', () => {
    expect(withSwitch(true, () => tensorFloat32Facts(true, undefined, device('9.0')))).toEqual({});
    expect(withSwitch(true, () => tensorFloat32Facts(true, '0', device('9.0'))).noTf32!.reason).toMatch(
      /were fixed to float32 .*NVIDIA_TF32_OVERRIDE=0/,
    );
    expect(withSwitch(false, () => tensorFloat32Facts(true, undefined, device('9.0'))).noTf32!.reason).toMatch(
      /has no switch for TF32/,
    );
    expect(withSwitch(true, () => tensorFloat32Facts(true, undefined, device('7.5'))).noTf32!.reason).toMatch(
      /A device has compute capability 7.5/,
    );
  });
  it('names what keeps products from float32', () => {
    const facts = withSwitch(true, () => tensorFloat32Facts(true, '1', device('9.0')));
    expect(facts.noTf32).toBeUndefined();
    expect(facts.noFloat32!.reason).toMatch(/NVIDIA_TF32_OVERRIDE=1 makes all products TF32/);
  });
  it('the binding switches TF32 of the library off when it is loaded, and on', () => {
    const { binding } = tf.backend() as unknown as { binding: { tensorFloat32?: (on?: boolean) => boolean } };
    if (!binding.tensorFloat32) {
      console.warn('skipped: the binding was built before it had the switch; cxr-align setup native builds it again');
      return;
    }
    expect([undefined, true, undefined, false, undefined].map((on) => binding.tensorFloat32!(on))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });
});
