/** Renders a component with what every screen has: language, theme, client, viewer. */
import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { render } from '@testing-library/react';
import { Provider } from 'urql';
import { makeClient } from '../gql/client';
import { PERMISSION, type Viewer, ViewerContext } from '../lib/permissions';

export const HTTP = 'http://lockyard.test/graphql';

const someone: Viewer = {
  id: 'u1', name: 'Ana', email: 'ana@example.com', role: 'MANAGER', permissions: Object.values(PERMISSION),
  organization: { id: 'o1', name: 'Riverside', kind: 'OPERATOR' },
};

export function show(component: React.ReactNode, viewer: Partial<Viewer> = {}) {
  return render(
    <I18nProvider i18n={i18n}>
      <MantineProvider env="test">
        <Provider value={makeClient(HTTP, 'ws://lockyard.test/graphql')}>
          <ViewerContext value={{ ...someone, ...viewer }}>{component}</ViewerContext>
        </Provider>
      </MantineProvider>
    </I18nProvider>,
  );
}
