/** Requests to open several doors that wait for a second person: they expire, so whoever may decide is told anywhere. */
import { Group, Stack, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { useFactsFeed } from '../gql/feeds';
import { graphql } from '../gql/generated/gql';
import { useLiveQuery } from '../gql/useLiveQuery';
import { useNow } from '../lib/now';
import { PERMISSION, useMay, useViewer } from '../lib/permissions';
import { paths } from '../paths';
import { Mark } from '../ui/Mark';

const READ_AGAIN_MS = 500;
const PendingQuery = graphql(`
  query PendingOpenings($first: Int!) {
    openings(first: $first, filter: { state: PENDING }) {
      edges { node { id state doorCount reason requestedBy expiresAt bank { id label site { id name } } } }
    }
  }
`);

export function PendingOpenings() {
  const { i18n } = useLingui();
  const { name } = useViewer();
  const may = useMay(PERMISSION.open);
  const { state, reloadSoon } = useLiveQuery({ query: PendingQuery, variables: { first: 5 }, pause: !may }, READ_AGAIN_MS);
  useFactsFeed((fact) => fact.subjectType === 'Opening' && reloadSoon());
  const now = useNow();
  const waiting = (state.data?.openings.edges ?? []).map((edge) => edge.node)
    .filter((each) => each.state === 'PENDING' && each.requestedBy !== name && Date.parse(each.expiresAt) > now);
  if (!may || waiting.length === 0) return null;
  return (
    <Stack gap={4} mb="md" component="section" aria-label={i18n.t('Waits for your approval')} data-testid="pending-openings">
      {waiting.map(({ id, bank, doorCount, reason, requestedBy }) => (
        <Group key={id} gap="xs">
          <Mark tone="medium">{i18n.t('Waits for approval')}</Mark>
          <Text size="sm">
            <Link {...paths.bank(bank.id)}>{bank.site.name} · {bank.label}</Link>{' · '}
            {i18n.t('{count, plural, one {# door} other {# doors}}', { count: doorCount })} · {reason} · {requestedBy}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
