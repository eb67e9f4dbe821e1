/** Who is signed in, and what they chose for their own screen. */
import { Button, NativeSelect, Popover, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { type Density, densityStore, type ZoneChoice, zoneStore } from '../lib/preferences';
import { useViewer } from '../lib/permissions';
import { useStore } from '../lib/store';
import { ownZone } from '../lib/time';
import { ROLE } from '../lib/words';
import { LanguageChoice } from '../ui/LanguageChoice';

export function PersonMenu() {
  const { i18n } = useLingui();
  const viewer = useViewer();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const zone = useStore(zoneStore);
  const density = useStore(densityStore);
  const initials = viewer.name.split(/\s+/).map((part) => part[0]).slice(0, 2).join('');

  return (
    <Popover position="bottom-end" trapFocus returnFocus width={280} withRoles={false}>
      <Popover.Target>
        <Button variant="default" size="compact-sm" title={viewer.name}>
          <span aria-hidden="true">{initials}</span>
          <span className="visually-hidden">{i18n.t('{name}: settings and sign out', { name: viewer.name })}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={i18n.t('Your screen')}>
        <Stack gap="sm">
          <div>
            <Text fw={600} size="sm">{viewer.name}</Text>
            <Text size="sm" c="dimmed">{viewer.email}</Text>
            <Text size="sm" c="dimmed">{i18n.t(ROLE[viewer.role as keyof typeof ROLE])} · {viewer.organization.name}</Text>
          </div>
          <LanguageChoice />
          <NativeSelect
            label={i18n.t('Colours')} value={colorScheme}
            onChange={(event) => setColorScheme(event.currentTarget.value as 'light' | 'dark' | 'auto')}
            data={[
              { value: 'auto', label: i18n.t('As the system') },
              { value: 'light', label: i18n.t('Light') },
              { value: 'dark', label: i18n.t('Dark') },
            ]}
          />
          <NativeSelect
            label={i18n.t('Times')} value={zone} onChange={(event) => zoneStore.set(event.currentTarget.value as ZoneChoice)}
            data={[
              { value: 'site', label: i18n.t('In the zone of the site') },
              { value: 'mine', label: i18n.t('In my zone ({zone})', { zone: ownZone() }) },
              { value: 'utc', label: 'UTC' },
            ]}
          />
          <NativeSelect
            label={i18n.t('Rows')} value={density} onChange={(event) => densityStore.set(event.currentTarget.value as Density)}
            data={[
              { value: 'comfortable', label: i18n.t('Comfortable') },
              { value: 'compact', label: i18n.t('Compact') },
            ]}
          />
          <Button variant="default" onClick={() => void signOut()}>{i18n.t('Sign out')}</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

async function signOut(): Promise<void> {
  await fetch('/auth/sign-out', {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-lockyard-client': 'dashboard' }, body: '{}',
  }).catch(() => null); // without an answer the session may live on, but this screen must still be left
  location.assign('/sign-in');
}
