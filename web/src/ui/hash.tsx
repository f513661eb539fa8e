// Long names: shown short, copied whole.
import { useState } from 'preact/hooks';
import { session } from '../app/session';
import { toast } from './toast';

export const short = (text: string) => (text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text);

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      toast('The browser did not let it be copied', 'bad');
    }
  };
  return <button type="button" class="copy" onClick={() => void copy()} aria-label={done ? 'Copied' : `Copy ${what}`}
    title={done ? 'Copied' : `Copy ${what}`}>
    <svg width="14" height="14" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
      {done ? <path d="M3 8.5l3.2 3.2L13 4.8" /> : <><rect x="5.5" y="5.5" width="8" height="8" rx="1.5" />
        <path d="M10.5 3.5v-1h-8v8h1" /></>}</svg></button>;
}

// at: its place in the block explorer that the node's operator has configured.
export function Hash({ of: text, what = 'it', at }: { of: string; what?: string; at?: string }) {
  const explorer = session.value?.explorerUrl;
  return <span class="hash">{at && explorer
    ? <a href={`${explorer}/${at}/${text}`} target="_blank" rel="noreferrer" title={`${text}, at ${new URL(explorer).host}`}>{short(text)}</a>
    : <span title={text}>{short(text)}</span>}<Copy text={text} what={what} /></span>;
}

export function Address({ of: text }: { of: string }) {
  return <Hash of={text} what="address" at="address" />;
}

export function Transaction({ of: text }: { of: string }) {
  return <Hash of={text} what="transaction hash" at="tx" />;
}
