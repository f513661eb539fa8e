import { defineConfig } from 'vite';

// `npm run dev` asks a node that runs beside it; its Host and Origin are what the node expects.
const node = process.env.GALEN_URL ?? 'http://127.0.0.1:8440';

export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/api': { target: node, changeOrigin: true, headers: { origin: node } } },
  },
});
