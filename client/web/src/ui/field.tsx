import type { ComponentChildren, JSX, Ref } from "preact";
import { useId } from "preact/hooks";

// A labelled input; `hint` and `error` belong to it for a screen reader, too.
export function Field({ label, value, onValue, hint, error, inputRef, ...rest }:
  { label: string; value: string; onValue: (value: string) => void; hint?: ComponentChildren; error?: string;
    inputRef?: Ref<HTMLInputElement> }
  & Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "value" | "onInput" | "id" | "label">) {
  const id = useId();
  const told = [hint !== undefined && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input type="text" {...rest} id={id} ref={inputRef ?? null} value={value} onInput={(e) => onValue(e.currentTarget.value)}
        aria-invalid={error ? true : undefined} aria-describedby={told || undefined} />
      {hint !== undefined && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

export function Select({ label, value, onValue, options }:
  { label: string; value: string; onValue: (value: string) => void; options: readonly (readonly [string, string])[] }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(e) => onValue(e.currentTarget.value)}>
        {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
      </select>
    </div>
  );
}

export function Check({ label, checked, onChecked, hint }:
  { label: ComponentChildren; checked: boolean; onChecked: (checked: boolean) => void; hint?: string }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(e) => onChecked(e.currentTarget.checked)} />
      <span>{label}{hint && <small>{hint}</small>}</span>
    </label>
  );
}
