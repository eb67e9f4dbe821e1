/** One door: what it is, what is in it, what was asked of it, and what may be asked now. */
import { CloseButton, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { useFactsFeed } from '../../gql/feeds';
import { Gate } from '../../gql/Gate';
import { graphql } from '../../gql/generated/gql';
import type { DoorScreenQuery } from '../../gql/generated/graphql';
import { useLiveQuery } from '../../gql/useLiveQuery';
import { useMay, PERMISSION } from '../../lib/permissions';
import { paths } from '../../paths';
import { CommandLife } from '../../ui/CommandLife';
import { Section } from '../../ui/Page';
import { ChangeService } from './ChangeService';
import { DoorFacts } from './DoorFacts';
import { DoorStay } from './DoorStay';
import { OpenDoor } from './OpenDoor';
import { SettleCommand } from './SettleCommand';

const COMMANDS = 3;
const READ_AGAIN_MS = 1500;

const DoorQuery = graphql(`
  query DoorScreen($id: ID!, $commands: Int!) {
    compartment(id: $id) {
      ...FaceDoor
      bank { id lastContactAt capabilities { name ability } }
      currentStay { ...StayParts }
      commands(first: $commands) { edges { node { ...CommandParts } } }
    }
    explainOpen(compartmentId: $id) { allowed rule failed { rule expected actual } }
  }
`);

type Door = NonNullable<DoorScreenQuery['compartment']>;
type Decision = DoorScreenQuery['explainOpen'];

export function DoorPanel({ id, siteZone, close }: { id: string; siteZone: string; close: () => void }) {
  const { i18n } = useLingui();
  const variables = useMemo(() => ({ id, commands: COMMANDS }), [id]);
  const { state, reload, reloadSoon } = useLiveQuery({ query: DoorQuery, variables }, READ_AGAIN_MS);
  const stay = state.data?.compartment?.currentStay?.id;
  useFactsFeed((fact) => (fact.subjectId === id || fact.subjectId === stay || fact.subjectType.toLowerCase() === 'command') && reloadSoon());
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const label = state.data?.compartment?.label;

  return (
    <div ref={box} data-testid="door-panel" onKeyDown={(event) => event.key === 'Escape' && close()}>
      <Section
        title={label ? i18n.t('Door {label}', { label }) : i18n.t('Door')}
        aside={<CloseButton onClick={close} aria-label={i18n.t('Close the door panel')} />}
      >
        <Gate state={state} reload={reload} lines={8}>
          {(data) => data.compartment
            ? <Body door={data.compartment} decision={data.explainOpen} siteZone={siteZone} />
            : <Text size="sm">{i18n.t('This door does not exist, or your role does not cover it.')}</Text>}
        </Gate>
      </Section>
    </div>
  );
}

function Body({ door, decision, siteZone }: { door: Door; decision: Decision; siteZone: string }) {
  const { i18n } = useLingui();
  const commands = door.commands.edges.map((edge) => edge.node).toSorted((a, b) => (a.requestedAt < b.requestedAt ? 1 : -1));
  const audit = useMay(PERMISSION.readAudit);
  return (
    <Stack gap="md">
      <DoorFacts door={door} siteZone={siteZone} />
      <OpenDoor compartmentId={door.id} label={door.label} capabilities={door.bank.capabilities} decision={decision} siteZone={siteZone} />
      <DoorStay stay={door.currentStay} siteZone={siteZone} />
      <ChangeService compartmentId={door.id} service={door.service} />
      {commands.length > 0 && (
        <details open={commands.some((command) => command.needsPerson) || undefined}>
          <summary>{i18n.t('Last commands to this door')}</summary>
          <Stack gap="sm" mt="xs">
            {commands.map((command) => (
              <div key={command.id}>
                <Text size="sm" c="dimmed">{command.requestedBy}{command.reason && ` · ${command.reason}`}</Text>
                <CommandLife command={command} siteZone={siteZone} />
                <SettleCommand command={command} />
              </div>
            ))}
          </Stack>
        </details>
      )}
      {audit && <Link {...paths.audit({ target: door.id, range: '30d' })}>{i18n.t('Audit of this door')}</Link>}
    </Stack>
  );
}
