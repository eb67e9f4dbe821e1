/** Choosing one of the sites the viewer sees, or all of them. */
import { NativeSelect } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useQuery } from 'urql';
import { graphql } from './generated/gql';

const PAGE = 100;

const SiteNames = graphql(`
  query SiteNames($first: Int!) {
    sites(first: $first, sort: { by: NAME, direction: ASC }) { edges { node { id name timezone } } }
  }
`);

export type NamedSite = { id: string; name: string; timezone: string };

export function useSiteNames(): readonly NamedSite[] {
  const [{ data }] = useQuery({ query: SiteNames, variables: { first: PAGE } });
  return (data?.sites.edges ?? []).map((edge) => edge.node);
}

export function SiteChoice({ value, choose }: { value: string | undefined; choose: (site: string | undefined) => void }) {
  const { i18n } = useLingui();
  const sites = useSiteNames();
  return (
    <NativeSelect
      size="xs" aria-label={i18n.t('Site')} value={value ?? ''} onChange={(event) => choose(event.currentTarget.value || undefined)}
      data={[{ value: '', label: i18n.t('All sites') }, ...sites.map((site) => ({ value: site.id, label: site.name }))]}
    />
  );
}
