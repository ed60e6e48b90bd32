import vue from '@vitejs/plugin-vue'
import { VantResolver } from '@vant/auto-import-resolver'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vite'
import { compression, defineAlgorithm } from 'vite-plugin-compression2'
import { VitePWA } from 'vite-plugin-pwa'

/** One project, an entry for each kind of workplace; each is built by itself: `vite build --mode phone`. */
const ENTRIES = { phone: '/m/', school: '/s/', console: '/c/' } as const

export default defineConfig(({ mode }) => {
  const entry = mode in ENTRIES ? (mode as keyof typeof ENTRIES) : 'phone'
  const base = ENTRIES[entry]
  return {
    root: `src/${entry}`,
    base,
    plugins: [
      vue(),
      components({
        resolvers: [entry === 'console' ? ElementPlusResolver() : VantResolver()],
        dts: '../components.gen.d.ts',
        dirs: [],
      }),
      // A desk has a network: only what is used on the way starts without one.
      entry !== 'console' &&
        VitePWA({
          strategies: 'injectManifest',
          srcDir: '../shared',
          filename: 'sw.ts',
          // A page in use is never reloaded under the inspector's thumb: the app asks first (`updates.ts`).
          registerType: 'prompt',
          injectRegister: null,
          manifest: false,
          injectManifest: { globPatterns: ['**/*.{js,css,html,svg,png,webmanifest}'] },
        }),
      // The service sends these as they are, by what the browser accepts.
      compression({
        algorithms: [defineAlgorithm('gzip', { level: 9 }), 'brotliCompress'],
        include: /\.(js|css|html|svg|webmanifest)$/,
      }),
    ],
    build: {
      outDir: `../../dist/${entry}`,
      emptyOutDir: true,
      target: ['es2022', 'safari15.4', 'chrome98'],
      assetsDir: 'assets',
      // A file that is put into the page as data: would need a looser Content-Security-Policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      // ECharts, which only the pages that draw load.
      chunkSizeWarningLimit: 700,
    },
    server: { proxy: { '/api': 'http://127.0.0.1:8888', '/sign-in': 'http://127.0.0.1:8888' } },
  }
})
