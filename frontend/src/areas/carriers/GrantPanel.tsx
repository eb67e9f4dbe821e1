/** One grant in words, and the three ways to change it. */
import { CloseButton, Group, Stack } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { GrantPartsFragment } from '../../gql/generated/graphql';
import { PERMISSION, useMay } from '../../lib/permissions';
import { formatDay } from '../../lib/time';
import { GRANT_STATE, OPERATION } from '../../lib/words';
import { paths } from '../../paths';
import { Facts } from '../../ui/Facts';
import { Mark } from '../../ui/Mark';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Page';
import { ReasonedButton } from '../../ui/ReasonedButton';
import { ChangeGrant, type GrantChange } from './ChangeGrant';
import { GRANT_TONE } from './GrantTable';

export function GrantPanel({ grant, close }: { grant: GrantPartsFragment; close: () => void }) {
  const { i18n } = useLingui();
  const may = useMay(PERMISSION.manageGrants);
  const [change, setChange] = useState<GrantChange | null>(null);
  const refused = may ? undefined : i18n.t('Your role may not change this: {permission} is needed.', { permission: PERMISSION.manageGrants });
  const over = grant.state === 'REVOKED' ? i18n.t('A revoked grant stays revoked. Make a new one.') : undefined;
  return (
    <div data-testid="grant-panel" onKeyDown={(event) => event.key === 'Escape' && !change && close()}>
      <Section title={i18n.t('The grant')} aside={<CloseButton onClick={close} aria-label={i18n.t('Close the grant')} />}>
        <Stack gap="md">
          <GrantFacts grant={grant} />
          <Group gap="xs">
            {grant.state === 'SUSPENDED'
              ? <ReasonedButton variant="default" refusal={refused} onClick={() => setChange('resume')}>{i18n.t('Resume')}</ReasonedButton>
              : <ReasonedButton variant="default" refusal={refused ?? over} onClick={() => setChange('suspend')}>{i18n.t('Suspend')}</ReasonedButton>}
            <ReasonedButton variant="default" refusal={refused ?? over} onClick={() => setChange('revoke')}>{i18n.t('Revoke')}</ReasonedButton>
          </Group>
        </Stack>
      </Section>
      {change && <ChangeGrant grant={grant} change={change} close={() => setChange(null)} />}
    </div>
  );
}

function GrantFacts({ grant }: { grant: GrantPartsFragment }) {
  const { i18n } = useLingui();
  const none = i18n.t('No limit');
  return (
    <Facts
      facts={[
        { name: i18n.t('State'), value: <span data-testid="grant-state"><Mark tone={GRANT_TONE[grant.state]}>{i18n.t(GRANT_STATE[grant.state])}</Mark></span> },
        { name: i18n.t('May'), value: grant.operations.map((operation) => i18n.t(OPERATION[operation])).join(', ') || i18n.t('Nothing') },
        {
          name: i18n.t('Where'),
          value: grant.allSites ? i18n.t('All sites') : (
            <>
              {grant.sites.edges.map(({ node }, index) => <span key={node.id}>{index > 0 && ', '}<Link {...paths.site(node.id)}>{node.name}</Link></span>)}
              {grant.sites.totalCount > grant.sites.edges.length && ' …'}
              {grant.sites.totalCount === 0 && i18n.t('No site')}
            </>
          ),
        },
        { name: i18n.t('Banks'), value: grant.allBanks ? i18n.t('All') : i18n.t('Chosen banks only') },
        { name: i18n.t('Sizes'), value: grant.allSizes ? i18n.t('All') : grant.sizes.join(', ') },
        { name: i18n.t('Valid'), value: <><Moment at={grant.validFrom} />{grant.validTo && <> – <Moment at={grant.validTo} /></>}</> },
        { name: i18n.t('Hours'), value: <Windows windows={grant.windows} /> },
        { name: i18n.t('Open stays'), value: `${i18n.number(grant.openStayCount)} / ${grant.maxOpenStays === null ? none : i18n.number(grant.maxOpenStays)}` },
        { name: i18n.t('Deposits a day'), value: grant.maxDepositsPerDay === null ? none : i18n.number(grant.maxDepositsPerDay) },
        { name: i18n.t('Longest hold'), value: grant.maxHoldHours === null ? none : i18n.t('{hours} h', { hours: grant.maxHoldHours }) },
        { name: i18n.t('Version'), value: grant.version },
      ]}
    />
  );
}

// A Monday in every zone: weekday names come from the browser's own language data.
const MONDAY_MS = Date.UTC(2024, 0, 1, 12);
const DAY_MS = 86_400_000;

function Windows({ windows }: { windows: GrantPartsFragment['windows'] }) {
  const { i18n } = useLingui();
  if (windows.length === 0) return <>{i18n.t('Always')}</>;
  const day = (number: number): string => formatDay(new Date(MONDAY_MS + ((number + 6) % 7) * DAY_MS).toISOString(), i18n.locale, 'UTC').split(/[,\s]/)[0] ?? '';
  return (
    <>
      {windows.map((window) => <div key={`${window.days.join()}${window.from}`}>{window.days.map(day).join(' ')} {window.from}–{window.to}</div>)}
      <div>{i18n.t("in each site's own zone")}</div>
    </>
  );
}
