/** An empty list says what would be here and what to do next. */
import { Stack, Text } from '@mantine/core';

export function Empty({ title, children, action }: { title: string; children: React.ReactNode; action?: React.ReactNode }) {
  return (
    <Stack gap="xs" align="flex-start" py="xl" px="md" maw={560}>
      <Text fw={600}>{title}</Text>
      <Text c="dimmed">{children}</Text>
      {action}
    </Stack>
  );
}
