import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { plainDocuments } from './scripts/plain-documents.ts';

// The page is served by the API process; in development Vite hands the API's paths on to it.
const api = process.env['LOCKYARD_API'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [plainDocuments(), react()],
  build: { target: 'es2023', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
  server: {
    proxy: {
      '/graphql': { target: api, ws: true },
      '/auth': { target: api },
      '/exports': { target: api },
    },
  },
});
