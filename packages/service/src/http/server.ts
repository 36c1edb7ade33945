import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { carriesToken } from './guard.js';
import { type Route, Router, type ServiceReply } from './router.js';
import { ServiceError, statusOf } from './service-error.js';

/** How requests are taken. */
export interface ServerOptions {
  token?: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** Bytes. */
  maxBody: number;
  /** Milliseconds in which a request has to come in whole. */
  timeoutMs: number;
  onResponse: (route: string, status: number) => void;
  /** Hears of what the program did not expect. */
  onFault: (message: string) => void;
}

/** The most connections at a time, and bytes of bodies being read, as a multiple of the largest body. */
const [mostConnections, mostBodies] = [256, 4];

/** A server with some routes. */
export function serverWith(routes: readonly Route[], options: ServerOptions): Server {
  const router = new Router(routes);
  const bodies = { open: 0 };
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, { router, options, bodies }).then(({ reply, route, retryAfter }) => {
      options.onResponse(route, reply.status ?? 200);
      // The rest of a body that was refused is not read, and a server that stops keeps no connection open.
      if (!request.complete || !server.listening) response.setHeader('connection', 'close');
      if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
      if (reply.status === 401) response.setHeader('www-authenticate', 'Bearer');
      response.writeHead(reply.status ?? 200, {
        'content-type': reply.type ?? 'application/json',
        'x-content-type-options': 'nosniff',
      });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  };
  const server = options.tls ? createTlsServer(options.tls, onRequest) : createServer(onRequest);
  server.requestTimeout = options.timeoutMs;
  server.headersTimeout = Math.min(10_000, options.timeoutMs);
  server.maxConnections = mostConnections;
  return server;
}

/** What answering a request takes. */
interface Answering {
  router: Router;
  options: ServerOptions;
  bodies: { open: number };
}

async function answer(
  request: IncomingMessage,
  { router, options, bodies }: Answering,
): Promise<{ reply: ServiceReply; route: string; retryAfter?: number }> {
  let route = 'none';
  try {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://service');
    const found = router.find(request.method ?? 'GET', pathname);
    const isOpen = 'route' in found && found.route.isOpen === true;
    if (options.token !== undefined && !isOpen && !carriesToken(request.headers.authorization, options.token))
      throw new ServiceError(401, 'expected Authorization: Bearer with the token of this service, got another');
    if (!('route' in found))
      throw found.allowed.length > 0
        ? new ServiceError(405, `expected ${found.allowed.join(' or ')}, got ${request.method}`)
        : new ServiceError(404, 'expected a route such as POST /predict, got another path');
    route = found.route.path;
    if (bodies.open >= mostBodies)
      throw new ServiceError(503, 'expected fewer large bodies at a time; ask again later', 1);
    bodies.open++;
    let body: Buffer;
    try {
      body = await bodyOf(request, options.maxBody);
    } finally {
      bodies.open--;
    }
    const { params } = found;
    const reply = await found.route.handler({
      path: pathname,
      params,
      query: searchParams,
      headers: request.headers,
      body,
    });
    return { reply, route };
  } catch (error) {
    const { status, message, retryAfter } = statusOf(error as Error);
    if (status === 500) options.onFault((error as Error).stack ?? String(error));
    return { reply: { status, body: { error: message } }, route, retryAfter };
  }
}

/** @throws {ServiceError} if it has too many bytes, or ends before it is whole. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = (): ServiceError =>
    new ServiceError(413, `expected a body of at most ${most} bytes, got more; send fewer images at a time`);
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > most) throw tooLarge();
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(400, 'expected a whole body, got one that was cut short');
  }
  return Buffer.concat(pieces);
}
