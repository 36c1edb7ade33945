import { EngineError, type KernelMode } from './engine.js';
import type { EngineName } from './engine-names.js';

const modes: readonly string[] = ['fast', 'plain'] satisfies KernelMode[];
const variable = 'CXR_ALIGN_KERNELS';

/** A choice of kernels, and where it comes from. */
export interface KernelChoice {
  kernels: KernelMode;
  /** What chose them; undefined for the default. */
  chosenBy?: string;
}

/**
 * The kernels to use: the option, else the environment variable CXR_ALIGN_KERNELS, else `fast`.
 *
 * @throws {RangeError} for another word.
 */
export function chosenKernels(option: KernelMode | undefined): KernelChoice {
  const fromEnvironment = process.env[variable] || undefined;
  const chosen = option ?? fromEnvironment ?? 'fast';
  const name = option === undefined ? variable : 'kernels';
  if (!modes.includes(chosen))
    throw new RangeError(`engine/startEngine: expected ${name} to be fast or plain, got ${chosen}; try plain`);
  const chosenBy = option ? `kernels: '${option}'` : fromEnvironment ? `${variable}=${fromEnvironment}` : undefined;
  return { kernels: chosen as KernelMode, chosenBy };
}

/** How the kernels of each TensorFlow.js backend were registered in this process: that happens once. */
const registeredModes = new Map<string, KernelMode>();

/**
 * Settles which kernels a backend gets. TensorFlow.js's registry of kernels belongs to the process, so a backend keeps the kernels that
 * it was first started with.
 *
 * @returns the kernels of the backend, and whether they have to be registered now.
 * @throws {EngineError} if others are requested than it has.
 */
export function settleKernels(
  engine: EngineName,
  backend: string,
  { kernels, chosenBy }: KernelChoice,
): { kernels: KernelMode; isFirst: boolean } {
  const present = registeredModes.get(backend);
  if (present !== undefined && present !== kernels && chosenBy !== undefined)
    throw new EngineError(
      engine,
      `its backend was started in this process with kernels '${present}', which ${chosenBy} cannot change`,
      'start another process for other kernels',
    );
  registeredModes.set(backend, present ?? kernels);
  return { kernels: present ?? kernels, isFirst: present === undefined };
}
