/** Starts the page: language first, then everything else. */
import '@mantine/core/styles.css';
import '@mantine/spotlight/styles.css';
import './ui/global.css';
import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { makeClient } from './gql/client';
import { speak } from './lib/i18n';
import { pageNonce, shareNonce } from './lib/nonce';
import { localeStore } from './lib/preferences';
import { makeRouter } from './routes';
import { theme } from './ui/theme';

const box = document.getElementById('root');
if (!box) throw new Error('the page has no #root');

shareNonce();
await speak(localeStore.get());

createRoot(box).render(
  <I18nProvider i18n={i18n}>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => pageNonce() ?? ''}>
      <Provider value={makeClient()}>
        <RouterProvider router={makeRouter()} />
      </Provider>
    </MantineProvider>
  </I18nProvider>,
);
