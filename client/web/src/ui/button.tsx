import type { ComponentChildren, JSX } from "preact";

type Kind = "plain" | "primary" | "danger" | "quiet";

// A button that cannot be pressed twice by mistake while BUSY.  A toggle has `pressed`.
export function Button({ kind = "plain", busy = false, pressed, children, class: extra = "", ...rest }:
  { kind?: Kind; busy?: boolean; pressed?: boolean; children: ComponentChildren; class?: string }
  & Omit<JSX.HTMLAttributes<HTMLButtonElement>, "class" | "aria-pressed">
  & { disabled?: boolean; type?: "button" | "submit" }) {
  return (
    <button type="button" {...rest} class={`button ${kind} ${extra}`} disabled={rest.disabled || busy}
      aria-busy={busy || undefined} aria-pressed={pressed}>
      {children}
    </button>
  );
}
