// What is shown where nothing is, not yet, or not any more.
import type { ComponentChildren } from 'preact';
import type { Loaded } from '../api/use';
import { Button } from './form';

export function Waiting({ what = 'Loading' }: { what?: string }) {
  return <div class="waiting" role="status">{what} …</div>;
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <div class="empty"><b>{title}</b>{children && <p>{children}</p>}</div>;
}

export const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

// A hint that names a command is for who called by the command line.
export function Problem({ error, retry }: { error: Error & { hint?: string | undefined }; retry?: () => unknown }) {
  return <div class="note note-bad" role="alert"><b>{sentence(error.message)}</b>
    {error.hint && !error.hint.includes('\'galen ') && <span>{sentence(error.hint)}</span>}
    {retry && <span><Button onClick={() => void retry()}>Try again</Button></span>}</div>;
}

export function Note({ kind, children }: { kind?: 'good' | 'warn' | 'bad'; children: ComponentChildren }) {
  return <div class={`note${kind ? ` note-${kind}` : ''}`}>{children}</div>;
}

// What was asked for, once it is there; what it had is kept while it is asked for again.
export function Show<T>({ loaded, what, children }:
  { loaded: Loaded<T>; what?: string; children: (data: NonNullable<T>) => ComponentChildren }) {
  const { data, error, reload } = loaded;
  return <>
    {error && <Problem error={error} retry={reload} />}
    {data !== undefined && data !== null ? children(data) : !error && <Waiting {...(what && { what })} />}
  </>;
}
