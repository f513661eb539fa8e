import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface ButtonProps {
  children: ComponentChildren;
  kind?: 'primary' | 'danger' | 'quiet';
  type?: 'button' | 'submit';
  onClick?: (event: Event) => void;
  isBusy?: boolean;
  disabled?: boolean;
  wide?: boolean;
  label?: string;
}

export function Button({ children, kind, type = 'button', onClick, isBusy, disabled, wide, label }: ButtonProps) {
  return <button type={type} class={`button${kind ? ` button-${kind}` : ''}${wide ? ' button-wide' : ''}`} onClick={onClick}
    disabled={Boolean(disabled || isBusy)} aria-busy={isBusy ? 'true' : undefined} aria-label={label}>{children}</button>;
}

// A labelled control: children gets the id to give it.
export function Field({ label, help, wrong, children }:
  { label: string; help?: ComponentChildren; wrong?: string | undefined; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return <div class="field"><label for={id}>{label}</label>{children(id)}
    {help && <div class="help">{help}</div>}{wrong && <div class="wrong" role="alert">{wrong}</div>}</div>;
}

export function Choice({ label, checked, onChange, type = 'checkbox', name }: { label: ComponentChildren; checked: boolean;
  onChange: (checked: boolean) => void; type?: 'checkbox' | 'radio'; name?: string }) {
  return <label class="choice"><input type={type} name={name} checked={checked}
    onChange={(e) => onChange(e.currentTarget.checked)} /><span>{label}</span></label>;
}
