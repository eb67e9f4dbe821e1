/** The frame of every screen: one heading, what it is about, what can be done. */
import { Group, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import classes from './Page.module.css';

type Props = { title: string; lead?: React.ReactNode; above?: React.ReactNode; actions?: React.ReactNode; children: React.ReactNode };

export function Page({ title, lead, above, actions, children }: Props) {
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
      {children}
    </Stack>
  );
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
