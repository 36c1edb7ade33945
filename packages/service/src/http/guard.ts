import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { InputError } from '@cxr-align/files';

/** Where a service listens. */
export interface Address {
  host: string;
  port: number;
}

/** @throws {InputError} if it is no HOST:PORT. */
export function addressOf(listen: string): Address {
  const found = /^(\[[^\]]+\]|[^:]*):(\d{1,5})$/.exec(listen);
  const port = Number(found?.[2]);
  if (!found || port > 65535)
    throw new InputError(`expected an address to listen on as HOST:PORT, such as 127.0.0.1:8080, got ${listen}`);
  return { host: found[1].replace(/^\[|\]$/g, '') || '127.0.0.1', port };
}

/** Whether only programs of the same machine reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** @throws {InputError} if others than this machine would reach a service without a token. */
export function refuseOpenDoor({ host }: Address, token: string | undefined): void {
  if (token === undefined && !isLoopback(host))
    throw new InputError(
      `expected a token where the service listens beyond this machine (${host}), got none: anyone there could use it; give one (token), or listen on 127.0.0.1`,
    );
  if (token !== undefined && token.length < 16)
    throw new InputError(
      `expected a token of 16 or more characters, got ${token.length}; make one by openssl rand -hex 32`,
    );
}

/** Whether a header carries the token; takes the same time for any. */
export function carriesToken(header: string | undefined, token: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const [, given = ''] = /^Bearer\s+(\S+)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(hash(given), hash(token));
}
