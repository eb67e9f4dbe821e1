/** A table for eyes, keyboard and phone: j/k walk, Enter opens, x selects; under 48em each row becomes a card. */
import { Checkbox } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useStore } from '../lib/store';
import { densityStore } from '../lib/preferences';
import classes from './DataTable.module.css';
import { useRowKeys } from './rowKeys';

export type Column<T> = {
  id: string;
  header: string;
  cell: (row: T) => React.ReactNode;
  align?: 'end';
  /** Set when the list can be sorted by this column. */
  sort?: { active: 'ascending' | 'descending' | undefined; toggle: () => void };
};

type Props<T> = {
  label: string;
  rows: readonly T[];
  keyOf: (row: T) => string;
  columns: readonly Column<T>[];
  current?: string;
  /** For tables with many narrow columns. */
  wrapHeaders?: boolean;
  onOpen?: (row: T) => void;
  toneOf?: (row: T) => 'critical' | 'high' | undefined;
  selection?: { chosen: ReadonlySet<string>; toggle: (key: string) => void; nameOf: (row: T) => string };
};

export function DataTable<T>({ label, rows, keyOf, columns, current, wrapHeaders, onOpen, toneOf, selection }: Props<T>) {
  const { i18n } = useLingui();
  const density = useStore(densityStore);
  const body = useRowKeys<T>({ rows, keyOf, onOpen, toggle: selection?.toggle });
  const table = (
    <table className={classes['table']} data-density={density} data-wrap={wrapHeaders || undefined} aria-label={label}>
      <thead>
        <tr>
          {selection && <th scope="col" className={classes['pick']}><span className={classes['spoken']}>{i18n.t('Select')}</span></th>}
          {columns.map((column) => (
            <th key={column.id} scope="col" data-align={column.align} aria-sort={column.sort ? (column.sort.active ?? 'none') : undefined}>
              {column.sort ? <SortButton column={column} /> : column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        {rows.map((row) => {
          const key = keyOf(row);
          return (
            <tr
              key={key}
              data-key={key}
              data-tone={toneOf?.(row)}
              data-current={key === current || undefined}
              data-opens={onOpen ? true : undefined}
              tabIndex={onOpen || selection ? -1 : undefined}
              onClick={onOpen && ((event) => !isControl(event.target) && onOpen(row))}
            >
              {selection && (
                <td className={classes['pick']}>
                  <Checkbox
                    size="xs"
                    checked={selection.chosen.has(key)}
                    onChange={() => selection.toggle(key)}
                    aria-label={i18n.t('Select {name}', { name: selection.nameOf(row) })}
                  />
                </td>
              )}
              {columns.map((column) => (
                <td key={column.id} data-label={column.header} data-align={column.align}>
                  <div>{column.cell(row)}</div>
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
  // A wide matrix scrolls inside its own box; the box takes the focus so that the keyboard can scroll it.
  return wrapHeaders ? <section className={classes['scroll']} tabIndex={0} aria-label={i18n.t('{label}, scrolls sideways', { label })}>{table}</section> : table;
}

function SortButton<T>({ column }: { column: Column<T> }) {
  const arrow = column.sort?.active === 'ascending' ? '▲' : column.sort?.active === 'descending' ? '▼' : '';
  return (
    <button type="button" className={classes['sort']} onClick={column.sort?.toggle}>
      {column.header} <span aria-hidden="true">{arrow}</span>
    </button>
  );
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('a, button, input, select, textarea, label, summary') !== null;
}
