import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

// Open as long as it is rendered; Escape and the cross close it.
export function Dialog({ title, onClose, children, foot }:
  { title: string; onClose: () => void; children: ComponentChildren; foot?: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => { element.current?.showModal(); }, []);
  return <dialog ref={element} aria-label={title} onClose={onClose}>
    <div class="dialog-head"><h2>{title}</h2>
      <button type="button" class="copy" aria-label="Close" onClick={() => element.current?.close()}>✕</button></div>
    <div class="dialog-body stack">{children}</div>
    {foot && <div class="dialog-foot">{foot}</div>}
  </dialog>;
}
