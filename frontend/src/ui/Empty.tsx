/** An empty list says what would be here and what to do next. */
import { Stack, Text, Title } from '@mantine/core';

export function Empty({ title, children, action }: { title: string; children: React.ReactNode; action?: React.ReactNode }) {
  return (
    <Stack gap="xs" align="flex-start" py="xl" px="md" maw={560}>
      <Title order={3} size="h4">{title}</Title>
      <Text c="dimmed">{children}</Text>
      {action}
    </Stack>
  );
}
