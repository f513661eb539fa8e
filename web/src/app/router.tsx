// Pages by the address's fragment, "#/records/0x…": it never leaves the browser, and the server has one page.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

// What cannot be decoded stays as it is, and is no page's.
const decoded = (text: string, decode: (text: string) => string) => {
  try {
    return decode(text);
  } catch {
    return text;
  }
};
const read = () => decoded(location.hash.slice(1), decodeURI) || '/';
export const place = signal(read());
addEventListener('hashchange', () => {
  place.value = read();
  document.getElementById('main')?.focus();
  scrollTo(0, 0);
});

export function go(to: string) {
  location.hash = to;
}

// The values of the pattern's {names}, or nothing when the path does not fit.
export function fit(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/'), have = path.split('?')[0]!.split('/');
  if (want.length !== have.length) return undefined;
  const found: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    if (part.startsWith('{')) found[part.slice(1, -1)] = decoded(have[i]!, decodeURIComponent);
    else if (part !== have[i]) return undefined;
  }
  return found;
}

export function Link({ to, children, class: name, current }:
  { to: string; children: ComponentChildren; class?: string; current?: boolean }) {
  return <a href={`#${to}`} class={name} aria-current={current ? 'page' : undefined}>{children}</a>;
}
