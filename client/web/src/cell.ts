// A value that can be watched, and a list of listeners: all the state that pages share is made of these.
import { useEffect, useState } from "preact/hooks";

export class Listeners<T> {
  private readonly all = new Set<(event: T) => void>();

  // Returns what takes the listener away again.
  add(listener: (event: T) => void): () => void {
    this.all.add(listener);
    return () => void this.all.delete(listener);
  }

  tell(event: T): void {
    for (const listener of [...this.all]) listener(event);
  }
}

export class Cell<T> {
  private readonly changed = new Listeners<T>();

  constructor(private now: T) {}

  get value(): T {
    return this.now;
  }

  set(next: T): void {
    if (Object.is(next, this.now)) return;
    this.now = next;
    this.changed.tell(next);
  }

  watch(listener: (value: T) => void): () => void {
    return this.changed.add(listener);
  }
}

// The value, and again whenever it changes.
export function useCell<T>(cell: Cell<T>): T {
  const [value, set] = useState<{ of: Cell<T>; is: T }>({ of: cell, is: cell.value });
  useEffect(() => {
    set({ of: cell, is: cell.value });
    return cell.watch((is) => set({ of: cell, is }));
  }, [cell]);
  return value.of === cell ? value.is : cell.value;
}
