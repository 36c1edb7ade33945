import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const loader = 'libvulkan.so.1';

/**
 * What of Vulkan is missing on this machine, by the paths that its loader searches: Dawn would print several lines of warnings for
 * each, also to those who requested another engine.
 *
 * @returns undefined where nothing is known to be missing: outside Linux always, as Dawn takes Metal or D3D12 there.
 */
export function missingVulkan(): 'the loader' | 'a driver' | undefined {
  if (process.platform !== 'linux') return undefined;
  if (!loads(loader)) return 'the loader';
  return hasDriver() ? undefined : 'a driver';
}

/** Whether the dynamic linker finds a library; one that is no addon is loaded, refused and unloaded again. */
function loads(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    return !/cannot open shared object file|No such file/.test((error as Error).message);
  }
}

/** Vulkan Loader, "Driver discovery on Linux": variables that name drivers, else manifests in the folders of XDG. */
function hasDriver(): boolean {
  const { env } = process;
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || env.VK_ADD_DRIVER_FILES) return true;
  const folders = [
    env.XDG_CONFIG_HOME || join(homedir(), '.config'),
    ...(env.XDG_CONFIG_DIRS || '/etc/xdg').split(':'),
    '/etc',
    '/usr/local/etc',
    env.XDG_DATA_HOME || join(homedir(), '.local', 'share'),
    ...(env.XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(':'),
    '/run/opengl-driver/share',
  ].map((folder) => join(folder, 'vulkan', 'icd.d'));
  return folders.some((folder) => existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.json')));
}
