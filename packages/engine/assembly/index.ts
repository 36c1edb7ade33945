// What the program calls: see src/wasm/team.ts.
export { alone, lead, serve } from './thread-pool';
