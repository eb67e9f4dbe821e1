/** What jsdom lacks and Mantine asks for; every test ends with a clean page. */
import '@testing-library/jest-dom/vitest';
import { i18n } from '@lingui/core';
import { cleanup } from '@testing-library/react';
import { afterEach, beforeEach } from 'vitest';
import { messages } from '../locales/en';

beforeEach(() => {
  i18n.loadAndActivate({ locale: 'en', messages });
});
afterEach(cleanup);

// Tests of sockets run without a page.
if (typeof window !== 'undefined') furnish();

function furnish(): void {
  Object.defineProperty(window, 'matchMedia', {
    writable: true,
    value: (query: string) => ({
      matches: false, media: query, onchange: null, addEventListener: () => undefined, removeEventListener: () => undefined,
      addListener: () => undefined, removeListener: () => undefined, dispatchEvent: () => false,
    }),
  });

  class StillObserver {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  }
  window.ResizeObserver ??= StillObserver as unknown as typeof ResizeObserver;
  Element.prototype.scrollIntoView ??= () => undefined;
}
