import { spawnSync } from 'node:child_process';

/** The driver, devices and libraries of a machine for CUDA. */
export interface CudaMachine {
  /** Version of NVIDIA's driver; null where none answers. */
  driver: string | null;
  devices: { name: string; computeCapability: string }[];
  /** Names of the CUDA runtime and cuDNN libraries that the system's loader knows, such as libcudnn.so.9. */
  libraries: string[];
}

/** What CUDA finds on this machine, by nvidia-smi and ldconfig. */
export function cudaMachine(): CudaMachine {
  const rows = outputOf('nvidia-smi', ['--query-gpu=driver_version,compute_cap,name', '--format=csv,noheader'])
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length >= 3);
  const known = outputOf('ldconfig', ['-p']).matchAll(/^\s*(lib(?:cudart|cudnn)\.so\.\d+)\s/gm);
  return {
    driver: rows[0]?.[0] ?? null,
    devices: rows.map(([, computeCapability, ...name]) => ({ name: name.join(', '), computeCapability })),
    libraries: [...new Set([...known].map(([, name]) => name))].sort(),
  };
}

function outputOf(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : '';
}
