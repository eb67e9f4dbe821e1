/** The frame of every screen: one heading, what it is about, what can be done. */
import { Group, Stack, Text, Title } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { useEffect } from 'react';
import { type PermissionName, useMay } from '../lib/permissions';
import { Empty } from './Empty';
import classes from './Page.module.css';

type Props = {
  title: string;
  lead?: React.ReactNode;
  above?: React.ReactNode;
  actions?: React.ReactNode;
  /** Without it nothing is shown: an empty list would say that there is nothing. */
  needs?: PermissionName;
  children: React.ReactNode;
};

export function Page({ title, lead, above, actions, needs, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Lockyard`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-end" gap="md">
        <div className={classes['head']}>
          {above && <div className={classes['above']}>{above}</div>}
          <Title order={1} size="h2">{title}</Title>
          {lead && <Text c="dimmed" size="sm" component="div">{lead}</Text>}
        </div>
        {actions && <Group gap="xs" className="no-print">{actions}</Group>}
      </Group>
      {needs ? <Allowed needs={needs}>{children}</Allowed> : children}
    </Stack>
  );
}

function Allowed({ needs, children }: { needs: PermissionName; children: React.ReactNode }) {
  const { i18n } = useLingui();
  if (useMay(needs)) return <>{children}</>;
  return <Empty title={i18n.t('This is not allowed')}>{i18n.t('Your role may not see this: {permission} is needed.', { permission: needs })}</Empty>;
}

export function Section({ title, aside, children }: { title: string; aside?: React.ReactNode; children: React.ReactNode }) {
  return (
    <section className={classes['section']} aria-label={title}>
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={2} size="h4">{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}
