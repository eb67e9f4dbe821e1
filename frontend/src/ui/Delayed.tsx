/** Shows a skeleton only when waiting has lasted 150 ms: a fast answer never flickers. */
import { Skeleton, Stack } from '@mantine/core';
import { useEffect, useState } from 'react';

const PATIENCE_MS = 150;

export function Delayed({ lines = 4, label }: { lines?: number; label: string }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return <div aria-busy="true" />;
  return (
    <Stack gap="sm" aria-busy="true" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={22} radius="sm" animate />
      ))}
    </Stack>
  );
}
