/** Memory that a module and its threads share. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** What is used of WebAssembly; Node's types leave it out. */
interface Api {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: { env: { memory: SharedMemory } }) => { exports: unknown };
  validate: (bytes: Uint8Array) => boolean;
}

export const webAssembly = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;
