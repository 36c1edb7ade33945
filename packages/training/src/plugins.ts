import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registerHead, registerModel } from '@cxr-align/classifier';
import { registerReader } from '@cxr-align/datasets';
import { InputError } from '@cxr-align/files';
import { registerImageEncoder } from '@cxr-align/image-backbone';
import { registerLabelSet } from '@cxr-align/label-graph';
import { registerPromptSet, registerTextEncoder } from '@cxr-align/text-encoder';
import { registerBuiltInLabelSets } from './labels/label-graph-choice.js';
import { registerClassificationLoss } from './registry/classification-losses.js';
import { registerWeighting } from './registry/weightings.js';

/** What a plug-in can add to; the built-in ones are registered by the same functions. */
export const registries = {
  registerClassificationLoss,
  registerWeighting,
  registerModel,
  registerHead,
  registerReader,
  registerImageEncoder,
  registerTextEncoder,
  registerLabelSet,
  registerPromptSet,
};
export type Registries = typeof registries;

/** A module of a user's own that adds losses, weightings, readers, encoders, models, label sets or prompt sets by name. */
export interface Plugin {
  name: string;
  /** Registers what the plug-in adds. Called once a process. */
  register: (registries: Registries) => void | Promise<void>;
}

const used = new Map<string, Promise<void>>();
/** The file of each plug-in that has one. */
const files = new Map<string, string>();

/**
 * Takes a plug-in into use; a second call with the same name does nothing.
 *
 * @throws {TypeError} if it is no plug-in. @throws {RangeError} if a name that it registers is taken.
 *
 * @example
 * await use({
 *   name: 'mine',
 *   register: ({ registerClassificationLoss }) => registerClassificationLoss('mine', () => myLoss),
 * });
 */
export async function use(plugin: Plugin): Promise<void> {
  const { name, register } = (plugin ?? {}) as Partial<Plugin>;
  if (typeof name !== 'string' || name === '' || typeof register !== 'function')
    throw new TypeError(
      `training/use: expected a plug-in { name, register }, got ${plugin === null || typeof plugin !== 'object' ? String(plugin) : `an object with ${Object.keys(plugin).join(', ') || 'nothing'}`}`,
    );
  registerBuiltInLabelSets(); // so that a plug-in cannot take their names
  let done = used.get(name);
  if (!done) used.set(name, (done = Promise.resolve(register(registries))));
  try {
    await done;
  } catch (error) {
    used.delete(name);
    throw error;
  }
}

/**
 * Loads a plug-in, the default export of a module, and takes it into use; here, and in the processes that an ablation trains in.
 *
 * @throws {InputError} if the file is missing, cannot be run, or exports no plug-in.
 */
export async function loadPlugin(file: string): Promise<void> {
  const path = resolve(file);
  let module: { default?: Plugin };
  try {
    module = (await import(pathToFileURL(path).href)) as { default?: Plugin };
  } catch (error) {
    throw new InputError(`expected a JavaScript module, got ${(error as Error).message.split('\n')[0]}`, { file });
  }
  try {
    await use(module.default as Plugin);
  } catch (error) {
    throw new InputError(`${(error as Error).message}; the default export of the file is the plug-in`, { file });
  }
  files.set(module.default!.name, path);
}

/** The files of the plug-ins in use, for processes that need them, too. */
export function pluginFiles(): string[] {
  return [...files.values()];
}

/** The names of the plug-ins in use that have no file: other processes cannot load them. */
export function pluginsWithoutFile(): string[] {
  return [...used.keys()].filter((name) => !files.has(name));
}
