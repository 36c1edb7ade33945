const { TestEnvironment } = require('jest-environment-node');

const realmGlobals = [
  'WebAssembly',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'BigInt64Array',
  'BigUint64Array',
];

/**
 * Native addons and worker threads hand back typed arrays and shared memory of the outer realm; tests get the same
 * constructors, so that `instanceof` holds.
 */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of realmGlobals) this.global[name] = globalThis[name];
  }
};
