/** The command palette: sites, banks, tracking numbers and actions behind Ctrl/Cmd-K or `/`. */
import { Button, Kbd } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql/generated/gql';
import { PERMISSION, useViewer } from '../lib/permissions';
import { useStore } from '../lib/store';
import { PARCEL_STATE } from '../lib/words';
import { paths } from '../paths';
import { pageActions, type PaletteAction } from '../ui/paletteActions';
import classes from './Palette.module.css';

const SHORTEST = 2;
const [store, palette] = createSpotlight();

const PaletteQuery = graphql(`
  query Palette($text: String!) {
    sites(filter: { search: $text }, first: 5) { edges { node { id name city } } }
    banks(filter: { search: $text }, first: 5) { edges { node { id label site { name } } } }
    parcels(filter: { tracking: $text }, first: 5) { edges { node { id tracking state stay { id bank { id } compartment { id label } } site { name } } } }
  }
`);

export function PaletteButton() {
  const { i18n } = useLingui();
  return (
    <Button variant="default" size="compact-sm" onClick={palette.open} className={classes['opener']}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className={classes['glass']}>
        <path d="M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2zm3.6 8.6L15 15" fill="none" stroke="currentColor" strokeWidth="1.8" />
      </svg>
      <span className={classes['word']}>{i18n.t('Search')}</span>
      <Kbd size="xs">Ctrl K</Kbd>
    </Button>
  );
}

export function Palette() {
  const { i18n } = useLingui();
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 180);
  const searching = wanted.length >= SHORTEST;
  const [{ data }] = useQuery({ query: PaletteQuery, variables: { text: wanted }, pause: !searching });
  const found = useFound(searching ? data : undefined);
  const places = usePlaces();
  const own = useStore(pageActions);
  const matching = [...own, ...places].filter((action) => action.label.toLowerCase().includes(text.trim().toLowerCase()));

  return (
    <Spotlight.Root store={store} query={text} onQueryChange={setText} shortcut={['mod + K', '/']} clearQueryOnClose scrollable maxHeight={420} title={i18n.t('Search and commands')} classNames={{ header: 'visually-hidden' }}>
      <Spotlight.Search onKeyDown={takeFirst} placeholder={i18n.t('Site, bank, tracking number or action')} aria-label={i18n.t('Search and commands')} />
      <Spotlight.ActionsList>
        <Group label={i18n.t('Found')} actions={found} />
        <Group label={i18n.t('Actions')} actions={matching} />
        {found.length + matching.length === 0 && <Spotlight.Empty>{i18n.t('Nothing fits. Try a site, a bank or a whole tracking number.')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

/** Enter takes the first entry when no arrow key has chosen another. */
function takeFirst(event: React.KeyboardEvent<HTMLInputElement>): void {
  const list = event.currentTarget.closest('[role=dialog]');
  if (event.key === 'Enter' && !list?.querySelector('[data-selected]')) list?.querySelector<HTMLElement>('[data-action]')?.click();
}

function Group({ label, actions }: { label: string; actions: readonly PaletteAction[] }) {
  if (actions.length === 0) return null;
  return (
    <Spotlight.ActionsGroup label={label}>
      {actions.map((action) => (
        <Spotlight.Action key={action.id} label={action.label} description={action.hint} onClick={action.run} />
      ))}
    </Spotlight.ActionsGroup>
  );
}

type Found = { sites: { edges: readonly { node: { id: string; name: string; city: string } }[] } } & {
  banks: { edges: readonly { node: { id: string; label: string; site: { name: string } } }[] };
  parcels: {
    edges: readonly {
      node: { id: string; tracking: string; state: keyof typeof PARCEL_STATE; stay: { bank: { id: string }; compartment: { id: string; label: string } | null } | null; site: { name: string } };
    }[];
  };
};

function useFound(data: Found | undefined): PaletteAction[] {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  if (!data) return [];
  return [
    ...data.sites.edges.map(({ node }) => ({ id: node.id, label: node.name, hint: node.city, run: () => void navigate(paths.site(node.id)) })),
    ...data.banks.edges.map(({ node }) => ({ id: node.id, label: node.label, hint: node.site.name, run: () => void navigate(paths.bank(node.id)) })),
    ...data.parcels.edges.map(({ node }) => ({
      id: node.id,
      label: node.tracking,
      hint: [i18n.t(PARCEL_STATE[node.state]), node.site.name, node.stay?.compartment?.label].filter(Boolean).join(' · '),
      run: () => void navigate(node.stay ? paths.bank(node.stay.bank.id, { door: node.stay.compartment?.id }) : paths.stays({ tracking: node.tracking })),
    })),
  ];
}

function usePlaces(): PaletteAction[] {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const { permissions, organization } = useViewer();
  const operator = organization.kind !== 'CARRIER';
  const may = (permission: string): boolean => permissions.includes(permission);
  return [
    ...(operator ? [{ id: 'sites', label: i18n.t('Go to sites'), run: () => void navigate(paths.sites()) }] : []),
    ...(operator ? [] : [{ id: 'own', label: i18n.t('Go to our lockers'), run: () => void navigate(paths.own()) }]),
    ...(may(PERMISSION.readAlarms) ? [{ id: 'alarms', label: i18n.t('Go to alarms'), run: () => void navigate(paths.alarms()) }] : []),
    { id: 'stays', label: i18n.t('Go to parcels'), run: () => void navigate(paths.stays()) },
    ...(may(PERMISSION.readCarriers) ? [{ id: 'carriers', label: i18n.t('Go to carriers'), run: () => void navigate(paths.carriers()) }] : []),
    ...(operator && may(PERMISSION.manageBanks) ? [{ id: 'hardware', label: i18n.t('Go to hardware'), run: () => void navigate(paths.hardware()) }] : []),
    ...(may(PERMISSION.readAudit) ? [{ id: 'audit', label: i18n.t('Go to audit'), run: () => void navigate(paths.audit()) }] : []),
    ...(may(PERMISSION.readExports) ? [{ id: 'exports', label: i18n.t('Go to exports'), run: () => void navigate(paths.reports()) }] : []),
  ];
}
