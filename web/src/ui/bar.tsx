import type { ComponentChildren } from 'preact';

// A figure with a bar under it: part of the largest, 0 to 1.
export function Bar({ part, children }: { part: number; children: ComponentChildren }) {
  return <span class="bar">{children}
    <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" class="bar-back" />
      <rect width={Math.max(0.5, 100 * part)} height="4" class="bar-part" /></svg></span>;
}
