import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

// A page: its title (also the tab's), what it is for in a sentence, what one can do.
export function Page({ title, about, actions, children }:
  { title: string; about?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => { document.title = `${title} · Galen`; }, [title]);
  return <div class="stack-wide">
    <div class="page-head"><div><h1>{title}</h1>{about && <p>{about}</p>}</div>
      {actions && <div class="row">{actions}</div>}</div>
    {children}
  </div>;
}

// flush: the content reaches the edges (tables).
export function Card({ title, actions, children, flush }:
  { title?: string; actions?: ComponentChildren; children: ComponentChildren; flush?: boolean }) {
  return <section class="card" aria-label={title}>
    {(title || actions) && <div class="card-head"><h2>{title}</h2>{actions && <div class="row">{actions}</div>}</div>}
    <div class={flush ? 'card-flush' : 'card-body'}>{children}</div>
  </section>;
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return <dl class="facts">{rows.filter(([, value]) => value !== undefined && value !== null && value !== false)
    .map(([name, value]) => <><dt key={name}>{name}</dt><dd>{value}</dd></>)}</dl>;
}

export type Tone = 'good' | 'warn' | 'bad' | 'busy';
export function Badge({ tone, children }: { tone?: Tone | undefined; children: ComponentChildren }) {
  return <span class={`badge${tone ? ` badge-${tone}` : ''}`}>{children}</span>;
}
