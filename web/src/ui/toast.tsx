import { signal } from '@preact/signals';

interface Toast { id: number; text: string; tone?: 'bad' | undefined }
const toasts = signal<Toast[]>([]);
let last = 0;

export function toast(text: string, tone?: 'bad') {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone }];
  setTimeout(() => drop(id), 7000);
}

const drop = (id: number) => { toasts.value = toasts.value.filter((one) => one.id !== id); };

export function Toasts() {
  return <div class="toasts" role="status" aria-live="polite">{toasts.value.map((one) =>
    <div key={one.id} class={`toast${one.tone ? ` toast-${one.tone}` : ''}`}><span>{one.text}</span>
      <button type="button" class="copy" aria-label="Dismiss" onClick={() => drop(one.id)}>✕</button></div>)}</div>;
}
