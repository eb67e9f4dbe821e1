/** What happened, what to do, and the trace id to hand on. Shown once, where the problem is. */
import { Alert, Button, CopyButton, Group, List, Text } from '@mantine/core';
import { useLingui } from '@lingui/react';
import type { Problem } from './problems';
import { REASON } from './reasons';

export function ProblemView({ problem, retry }: { problem: Problem; retry?: () => void }) {
  const { i18n } = useLingui();
  const title = problem.unreachable
    ? i18n.t('The server does not answer')
    : problem.code === 'DENIED' ? i18n.t('This is not allowed') : i18n.t('This did not work');
  const reason = problem.refusedFor ? REASON[problem.refusedFor] : undefined;
  const words = problem.unreachable
    ? i18n.t('Nothing was changed as far as is known. It is safe to try again.')
    : reason ? i18n.t(reason) : problem.message;
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      <Text size="sm">{words}</Text>
      {problem.failedRules && problem.failedRules.length > 0 && (
        <List size="sm" mt="xs">
          {problem.failedRules.map((rule) => (
            <List.Item key={rule.rule}>{i18n.t('{rule}: needs {expected}, is {actual}', { rule: rule.rule, expected: rule.expected, actual: rule.actual })}</List.Item>
          ))}
        </List>
      )}
      <Group gap="xs" mt="xs">
        {retry && <Button size="compact-sm" variant="default" onClick={retry}>{i18n.t('Try again')}</Button>}
        {problem.traceId && (
          <CopyButton value={problem.traceId}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? i18n.t('Copied') : i18n.t('Copy trace id {traceId}', { traceId: problem.traceId })}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
    </Alert>
  );
}
