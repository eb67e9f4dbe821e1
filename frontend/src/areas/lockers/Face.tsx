/** The face of a bank as it hangs on the wall: every door at its place, with its size, use and state. */
import { useLingui } from '@lingui/react';
import { useRef } from 'react';
import { graphql } from '../../gql/generated/gql';
import type { FaceDoorFragment } from '../../gql/generated/graphql';
import { useNow } from '../../lib/now';
import { formatAge } from '../../lib/time';
import { DOOR, OCCUPANCY, SERVICE } from '../../lib/words';
import { Empty } from '../../ui/Empty';
import classes from './Face.module.css';
import { neighbour, placed } from './placing';

export const FaceDoor = graphql(`
  fragment FaceDoor on Compartment {
    id label size accessible row column rowSpan occupancy service serviceReason serviceUntil
    door doorObservedAt doorOpenSince doorSource isStale itemPresent
    withheld withheldSince
  }
`);

/** `contact`: when the bank last answered. A door's own moment is that of its last change. */
type Props = { doors: readonly FaceDoorFragment[]; contact: string | null; chosen?: string; choose: (id: string | undefined) => void };

export function Face({ doors, contact, chosen, choose }: Props) {
  const { i18n } = useLingui();
  const box = useRef<HTMLDivElement>(null);
  if (doors.length === 0) return <Empty title={i18n.t('No door yet')}>{i18n.t('This bank was created without compartments.')}</Empty>;
  const { rows, columns, at } = placed(doors);

  const walk = (event: React.KeyboardEvent, door: FaceDoorFragment): void => {
    if (event.key === 'Escape' && chosen) choose(undefined);
    const next = neighbour(doors, door, event.key);
    if (!next) return;
    event.preventDefault();
    box.current?.querySelector<HTMLElement>(`[data-door="${CSS.escape(next.id)}"]`)?.focus();
  };

  return (
    <div className={classes['scroll']}>
      <div
        ref={box} className={classes['face']} role="group" aria-label={i18n.t('Doors of this bank; arrow keys walk')}
        style={{ gridTemplateColumns: `repeat(${columns}, minmax(2.6rem, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(3.1rem, auto))` }}
      >
        {doors.map((door) => (
          <DoorButton key={door.id} door={door} contact={contact} place={at(door)} chosen={door.id === chosen} choose={choose} walk={walk} />
        ))}
      </div>
    </div>
  );
}

type DoorProps = {
  door: FaceDoorFragment;
  contact: string | null;
  place: { gridRow: string; gridColumn: number };
  chosen: boolean;
  choose: Props['choose'];
  walk: (event: React.KeyboardEvent, door: FaceDoorFragment) => void;
};

function DoorButton({ door, contact, place, chosen, choose, walk }: DoorProps) {
  const { i18n } = useLingui();
  const now = useNow();
  const seenAt = (door.withheld === 'SILENT' ? door.withheldSince : contact) ?? door.doorObservedAt;
  const seen = seenAt ? formatAge(now - Date.parse(seenAt), i18n.locale) : undefined;
  const words = [
    i18n.t('Door {label}, size {size}', { label: door.label, size: door.size }),
    i18n.t(OCCUPANCY[door.occupancy]),
    i18n.t('door: {state}', { state: i18n.t(DOOR[door.door]) }),
    door.service === 'IN_SERVICE' ? undefined : i18n.t(SERVICE[door.service]),
    seen ? i18n.t('seen {age} ago', { age: seen }) : i18n.t('never seen'),
    door.isStale ? i18n.t('stale') : undefined,
  ].filter(Boolean).join(', ');
  return (
    <button
      type="button"
      data-door={door.id}
      className={classes['door']}
      data-occupancy={door.occupancy}
      data-state={door.door}
      data-stale={door.isStale || undefined}
      aria-pressed={chosen}
      title={words}
      style={place}
      onClick={() => choose(chosen ? undefined : door.id)}
      onKeyDown={(event) => walk(event, door)}
    >
      <span className="visually-hidden">{words}</span>
      <span className={classes['label']} aria-hidden="true">{door.label}</span>
      <span className={classes['size']} aria-hidden="true">{door.size}{door.accessible ? ' ♿' : ''}</span>
      {door.door === 'OPEN' && <span className={classes['open']} aria-hidden="true">{i18n.t('Open')}</span>}
      {(door.door === 'UNKNOWN' || door.isStale) && <span className={classes['unsure']} aria-hidden="true">?</span>}
    </button>
  );
}
