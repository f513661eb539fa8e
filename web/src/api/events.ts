// What is new, from the node's event stream. Events are hints: whoever shows a list asks for it again.
import { signal } from '@preact/signals';
import type { Schemas } from './client';

export const news = signal(0); // grows with each event
export const isLive = signal(false);
type Heard = (one: Schemas['Notification']) => void;
const listeners = new Set<Heard>();
let stream: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;
let soon: ReturnType<typeof setTimeout> | undefined;

// Several events at once are one reason to look.
function tell() {
  soon ??= setTimeout(() => {
    soon = undefined;
    news.value++;
  }, 150);
}

export function listen() {
  hush();
  const opened = stream = new EventSource('/api/v1/events');
  opened.addEventListener('ready', () => {
    isLive.value = true;
    tell(); // what happened during a break
  });
  opened.addEventListener('sync', tell);
  opened.addEventListener('notification', (event) => {
    tell();
    const one = JSON.parse((event as MessageEvent<string>).data) as Schemas['Notification'];
    for (const heard of listeners) heard(one);
  });
  opened.onerror = () => {
    isLive.value = false;
    if (opened.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
    clearTimeout(again);
    again = setTimeout(() => stream === opened && listen(), 3000);
  };
}

export function hush() {
  clearTimeout(again);
  stream?.close();
  stream = undefined;
  isLive.value = false;
}

export function onNotification(heard: Heard) {
  listeners.add(heard);
  return () => { listeners.delete(heard); };
}
