// Times as people say them; the exact one on hover.
import { signal } from '@preact/signals';

const minute = signal(Date.now());
setInterval(() => { minute.value = Date.now(); }, 20_000);

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [['year', 31536e6], ['month', 2592e6], ['day', 864e5], ['hour', 36e5], ['minute', 6e4]];

export function sayTime(at: number, now: number): string {
  const away = at - now;
  const found = units.find(([, ms]) => Math.abs(away) >= ms);
  return found ? relative.format(Math.round(away / found[1]), found[0]) : away > 0 ? 'in less than a minute' : 'just now';
}

export function Time({ at }: { at: string | undefined }) {
  if (!at) return null;
  const date = new Date(at);
  return <time dateTime={at} title={`${date.toLocaleString()} (${at})`}>{sayTime(date.getTime(), minute.value)}</time>;
}

export function Day({ at }: { at: string }) {
  const date = new Date(at);
  const shown = Number.isNaN(date.getTime()) ? at : date.toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
  return <time dateTime={at} title={at}>{shown}</time>;
}

export function sayDuration(seconds: number): string {
  const found = units.find(([, ms]) => seconds * 1000 >= ms);
  if (!found) return `${seconds} s`;
  const n = Math.round(seconds * 1000 / found[1]);
  return `${n} ${found[0]}${n === 1 ? '' : 's'}`;
}
