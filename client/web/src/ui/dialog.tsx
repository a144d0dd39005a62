import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./button";
import { toastPlace } from "./toast";

// A modal dialog while it is shown: the browser keeps the focus inside and gives it back.
export function Dialog({ title, onClose, wide = false, children }:
  { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const d = dialog.current;
    if (d === null) return;
    const before = document.activeElement;
    const home = toastPlace.parentNode;
    d.append(toastPlace);
    d.showModal();
    return () => {
      home?.append(toastPlace);
      d.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={wide ? "wide" : ""} aria-labelledby={id}
      onCancel={(e) => { e.preventDefault(); onClose(); }}
      onClick={(e) => { if (e.target === dialog.current) onClose(); }}>
      <div class="dialog-inside">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" class="square" aria-label="Close" onClick={onClose}>{"\u2715"}</Button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

// Asks once.  The first button is the one that changes nothing.
export function Confirm({ title, yes, no = "Cancel", danger = false, busy = false, onYes, onNo, children }:
  { title: string; yes: string; no?: string; danger?: boolean; busy?: boolean; onYes: () => void; onNo: () => void;
    children: ComponentChildren }) {
  return (
    <Dialog title={title} onClose={onNo}>
      {children}
      <div class="actions">
        <Button onClick={onNo}>{no}</Button>
        <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={onYes}>{yes}</Button>
      </div>
    </Dialog>
  );
}
