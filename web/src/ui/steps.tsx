import type { ComponentChildren } from 'preact';

export interface Step { title: string; state: 'done' | 'now' | 'later' | 'failed'; detail?: ComponentChildren }

export function Steps({ steps }: { steps: Step[] }) {
  return <ol class="steps">{steps.map((one, i) =>
    <li key={one.title} class={`step step-${one.state}`} aria-current={one.state === 'now' ? 'step' : undefined}>
      <span class="step-dot" aria-hidden="true">{one.state === 'done' ? '✓' : one.state === 'failed' ? '✕' : i + 1}</span>
      <div><h3>{one.title}<span class="hidden"> ({one.state})</span></h3>{one.detail}</div></li>)}</ol>;
}
