// Use without network: what the page needs is kept at the first visit, and asked for where the network does not answer. Nothing else is kept.
// The server puts VERSION in front of this file: another version is another cache, and the old one goes.

const PREFIX = 'mien-'
const CACHE = PREFIX + VERSION
const FOLDER = new URL('./', self.location).href

self.addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method === 'GET' && request.url.startsWith(FOLDER)) event.respondWith(newest(request))
})

/** Of the runtime's two builds, this browser loads one. */
async function keepAll() {
  const [cache, list] = await Promise.all([caches.open(CACHE), fetch('files.json')])
  const files = await list.json()
  const isOther = hasRelaxedSimd() ? (file) => file.includes('_compat_') : (file) => file.includes('litert_wasm_internal')
  await cache.addAll(files.filter((file) => !isOther(file)))
}

async function dropOthers() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)))
}

async function newest(request) {
  try {
    return await fetch(request)
  } catch (error) {
    const cache = await caches.open(CACHE)
    const kept = await cache.match(request.url.split('?')[0] === FOLDER ? 'index.html' : request, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}

/** A module of one function with one instruction of the proposal: i8x16.relaxed_swizzle. */
function hasRelaxedSimd() {
  const start = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0]
  return WebAssembly.validate(new Uint8Array([...start, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]))
}
