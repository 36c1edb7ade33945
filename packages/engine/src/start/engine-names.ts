/** The engines by name, the fastest first: the order in which `auto` tries them. */
export const engineNames = ['cuda', 'webgpu', 'native', 'wasm', 'cpu'] as const;

export type EngineName = (typeof engineNames)[number];
