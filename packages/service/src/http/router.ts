/** A request, with its body read. */
export interface ServiceRequest {
  path: string;
  /** Parts of the path that a route names. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** By lower-case name. */
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** What is answered: an object as JSON, a text as it is. */
export interface ServiceReply {
  /** Default 200. */
  status?: number;
  /** Default application/json. */
  type?: string;
  body: unknown;
}

type Handler = (request: ServiceRequest) => Promise<ServiceReply> | ServiceReply;

/** A route: a method and a path, whose parts after a colon are parameters. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  /** Answered without a token, too. */
  isOpen?: boolean;
  handler: Handler;
}

/** Finds the route of a request. */
export class Router {
  constructor(private readonly routes: readonly Route[]) {}

  /** The route with the parameters of the path; the methods that the path has where it has another one. */
  find(method: string, path: string): { route: Route; params: Record<string, string> } | { allowed: string[] } {
    const fitting = this.routes.flatMap((route) => {
      const params = paramsOf(route.path, path);
      return params ? [{ route, params }] : [];
    });
    return (
      fitting.find(({ route }) => route.method === method) ?? { allowed: fitting.map(({ route }) => route.method) }
    );
  }
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decoded(given[i]);
    else if (part !== given[i]) return undefined;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
