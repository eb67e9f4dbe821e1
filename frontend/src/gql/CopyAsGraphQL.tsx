/** Hands out the very request behind the screen, ready for GraphiQL or a script. */
import { Button, CopyButton } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { stringifyDocument, type TypedDocumentNode } from '@urql/core';

export function asGraphQL(document: TypedDocumentNode<unknown, never>, variables: object): string {
  const text = stringifyDocument(document as never);
  return Object.keys(variables).length > 0 ? `${text}\n\n# variables\n${JSON.stringify(variables, null, 2)}\n` : `${text}\n`;
}

export function CopyAsGraphQL({ document, variables }: { document: unknown; variables: object }) {
  const { i18n } = useLingui();
  return (
    <CopyButton value={asGraphQL(document as TypedDocumentNode<unknown, never>, variables)}>
      {({ copied, copy }) => (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={copy}>{copied ? i18n.t('Copied') : i18n.t('Copy as GraphQL')}</Button>
      )}
    </CopyButton>
  );
}
