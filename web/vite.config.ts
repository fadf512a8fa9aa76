// Builds the page into the Python package, unminified and without hashes, so that the result can be read, kept in git and compared.
// The browser's runtime is copied beside it, into litert/, which git does not keep.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const PAGE = resolve(import.meta.dirname, '../src/mien/apps/web/page')
const LITERT = resolve(import.meta.dirname, 'node_modules/@litertjs')
/** With relaxed SIMD, and for browsers without it; each a loader and its WebAssembly. */
const VARIANTS = ['litert_wasm_internal', 'litert_wasm_compat_internal']

function copyRuntime(): Plugin {
  let page = PAGE
  return {
    name: 'copy-litert',
    apply: (_, { command }) => command === 'build' && !process.env.VITEST, // tests close a bundle too, in a folder of their own
    configResolved(config) {
      page = resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      const folder = resolve(page, 'litert')
      mkdirSync(folder, { recursive: true })
      // Import maps do not reach workers: the one bare import becomes a relative one.
      const core = readFileSync(resolve(LITERT, 'core/dist/index.js'), 'utf-8').replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"')
      writeFileSync(resolve(folder, 'core.js'), core)
      copyFileSync(resolve(LITERT, 'wasm-utils/dist/index.js'), resolve(folder, 'wasm-utils.js'))
      for (const name of VARIANTS) {
        copyFileSync(resolve(LITERT, `core/wasm/${name}.js`), resolve(folder, `${name}.js`))
        // A third of the size in the wheel and on the way; the server unpacks it for who cannot.
        writeFileSync(resolve(folder, `${name}.wasm.gz`), gzipSync(readFileSync(resolve(LITERT, `core/wasm/${name}.wasm`)), { level: 9 }))
      }
    },
  }
}

const names = { entryFileNames: '[name].js', chunkFileNames: 'shared.js', assetFileNames: '[name][extname]' }

export default defineConfig({
  base: './',
  plugins: [copyRuntime()],
  build: {
    outDir: PAGE,
    emptyOutDir: true,
    target: 'es2022',
    minify: false,
    cssMinify: false,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: ['index.html', 'benchmark.html'], output: names },
  },
  // LiteRT's loader calls importScripts, which module workers do not have.
  worker: { format: 'iife', rollupOptions: { output: names } },
})
