/** j and k walk the rows of the one table on the screen, Enter opens, x selects. Keys typed into a field stay there. */
import { useEffect, useRef } from 'react';

type Rows<T> = {
  rows: readonly T[];
  keyOf: (row: T) => string;
  onOpen?: (row: T) => void;
  toggle?: (key: string) => void;
};

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function isInDialog(): boolean {
  return document.querySelector('[role="dialog"][aria-modal="true"]') !== null;
}

export function useRowKeys<T>(given: Rows<T>): React.RefObject<HTMLTableSectionElement | null> {
  const body = useRef<HTMLTableSectionElement | null>(null);
  const latest = useRef(given);
  useEffect(() => {
    latest.current = given;
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const box = body.current;
      if (!box || event.ctrlKey || event.metaKey || event.altKey || isInDialog()) return;
      if (isTyping(event.target) && !(event.target as HTMLElement).matches('[type="checkbox"]')) return;
      const { rows, keyOf, onOpen, toggle } = latest.current;
      const focused = rows.findIndex((row) => keyOf(row) === rowKeyOf(document.activeElement, box));
      const step = { j: 1, k: -1 }[event.key];
      if (step !== undefined && (onOpen || toggle)) {
        const next = rows[Math.min(rows.length - 1, Math.max(0, focused + step))];
        if (next !== undefined) box.querySelector<HTMLElement>(`tr[data-key="${CSS.escape(keyOf(next))}"]`)?.focus();
        event.preventDefault();
        return;
      }
      const row = rows[focused];
      if (row === undefined) return;
      if (event.key === 'x' && toggle) toggle(keyOf(row));
      else if (event.key === 'Enter' && onOpen && document.activeElement?.tagName === 'TR') onOpen(row);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  return body;
}

function rowKeyOf(element: Element | null, within: Element): string | undefined {
  const row = element?.closest<HTMLElement>('tr[data-key]');
  return row && within.contains(row) ? row.dataset['key'] : undefined;
}
