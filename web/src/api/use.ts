// What a page shows, asked for again whenever something is new.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiError, type Answer, type Options, type PathWith } from './client';
import { news } from './events';

export interface Loaded<T> {
  data: T | undefined; // the last that came, also while the next is on its way
  error: ApiError | undefined;
  isLoading: boolean;
  reload: () => void;
}

const asError = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError(0, 'internal', error instanceof Error ? error.message : String(error));

// path undefined: nothing to ask for yet. live false: only reload() asks again.
export function useData<P extends PathWith<'get'>>(path: P | undefined, options: Omit<Options, 'signal'> = {},
  live = true): Loaded<Answer<P, 'get'>> {
  const [state, setState] = useState<{ data?: Answer<P, 'get'>; error?: ApiError; isLoading: boolean; key?: string }>(
    { isLoading: true });
  const [turn, setTurn] = useState(0);
  const key = `${path} ${JSON.stringify(options)}`;
  const latest = useRef(options);
  latest.current = options;
  const event = live ? news.value : 0;
  useEffect(() => {
    if (path === undefined) return;
    const stop = new AbortController();
    setState((before) => (before.key === key ? before : { isLoading: true, key }));
    api.get(path, { ...latest.current, signal: stop.signal }).then(
      (data) => setState({ data, isLoading: false, key }),
      (error) => {
        if (!stop.signal.aborted) setState((before) => ({ ...before, error: asError(error), isLoading: false }));
      });
    return () => stop.abort();
  }, [key, turn, event]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { data: state.data, error: state.error, isLoading: state.isLoading, reload };
}

// Something that is done when asked for: its state, and its result. run gives nothing when it failed.
export function useTask<A extends unknown[], T>(task: (...args: A) => Promise<T>) {
  const [state, setState] = useState<{ isBusy: boolean; error?: ApiError; result?: T }>({ isBusy: false });
  const run = async (...args: A): Promise<{ result: T } | undefined> => {
    setState({ isBusy: true });
    try {
      const result = await task(...args);
      setState({ isBusy: false, result });
      return { result };
    } catch (error) {
      setState({ isBusy: false, error: asError(error) });
      return undefined;
    }
  };
  return { ...state, run, reset: () => setState({ isBusy: false }) };
}
