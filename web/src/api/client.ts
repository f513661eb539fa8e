// Calls of the node, typed by its description (schema.d.ts is made from docs/openapi.yaml).
import { signal } from '@preact/signals';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
type Short<P> = P extends `/api/v1${infer R}` ? R : never;
export type Path = Short<keyof paths>;
export type Method = 'get' | 'post' | 'delete';
type Operation<P extends Path, M extends Method> = paths[`/api/v1${P}`][M];
export type PathWith<M extends Method> = {
  [P in Path]: Operation<P, M> extends { responses: unknown } ? P : never;
}[Path];
type Json<C> = C extends { content: { 'application/json': infer J } } ? J : undefined;
export type Answer<P extends Path, M extends Method> =
  Operation<P, M> extends { responses: { 200: infer R } } ? Json<R> : undefined;
export type Body<P extends Path, M extends Method> = Operation<P, M> extends { requestBody?: infer R }
  ? NonNullable<R> extends { content: { 'application/json': infer B } } ? B : undefined : undefined;

export type Words = Record<string, string | number>;
export interface Options {
  path?: Words;
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal;
}

// What failed and what to do about it (RFC 9457).
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly hint?: string,
    readonly intent?: Schemas['Intent']) {
    super(detail);
  }
}

let onSignedOut = () => {};
export function whenSignedOut(then: () => void) {
  onSignedOut = then;
}

// Where the identity's wallet is in this browser, a call says what it needs of it (code wallet): it is asked, and
// the call is made again, until it goes on. asked: what the wallet is asked for now.
export const asked = signal<Schemas['Intent'] | undefined>(undefined);
let answerIntent: ((intent: Schemas['Intent']) => Promise<void>) | undefined;
export function whenAsked(then: typeof answerIntent) {
  answerIntent = then;
}

const MINED_MS = 180_000;

async function call(method: Method, path: string, options: Options, body?: unknown): Promise<unknown> {
  for (let sentAt: number | undefined; ;) {
    try {
      return await once(method, path, options, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'wallet' || !error.intent || !answerIntent) throw error;
      if (error.intent.state === 'sent' && Date.now() - (sentAt ??= Date.now()) > MINED_MS)
        throw new ApiError(error.status, 'wallet', 'Your wallet sent it, and it is not mined yet.', 'It goes on by itself. Look again later.');
      asked.value = error.intent;
      try {
        await answerIntent(error.intent);
      } finally {
        asked.value = undefined;
      }
    }
  }
}

export function url(path: string, { path: words = {}, query = {} }: Options = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(words[name])));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1${filled}${search && `?${search}`}`;
}

async function once(method: Method, path: string, options: Options, body?: unknown): Promise<unknown> {
  const isBytes = body instanceof Blob;
  let answer: Response;
  try {
    answer = await fetch(url(path, options), {
      method: method.toUpperCase(),
      signal: options.signal ?? null,
      ...(body !== undefined && {
        body: isBytes ? body : JSON.stringify(body),
        headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      }),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'offline', 'The node does not answer.', 'See that galen serve runs, and try again.');
  }
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json');
  const value: unknown = isJson && text ? JSON.parse(text) : undefined;
  if (answer.ok) return value;
  const problem = value as Schemas['Problem'] | undefined;
  if (answer.status === 401 && path !== '/session') onSignedOut();
  throw new ApiError(answer.status, problem?.code ?? 'error', problem?.detail ?? `The node answered ${answer.status}.`,
    problem?.hint, problem?.intent);
}

export const api = {
  get: <P extends PathWith<'get'>>(path: P, options: Options = {}) =>
    call('get', path, options) as Promise<Answer<P, 'get'>>,
  post: <P extends PathWith<'post'>>(path: P, body: Body<P, 'post'> | Record<string, never> | Blob = {},
    options: Options = {}) => call('post', path, options, body) as Promise<Answer<P, 'post'>>,
  delete: <P extends PathWith<'delete'>>(path: P, options: Options = {}) =>
    call('delete', path, options) as Promise<Answer<P, 'delete'>>,
};
