// Use without network: everything the page needs is kept at the first visit, and the newest copy is taken whenever there is a network.
// Answers of the service (/v1/...) are never kept.

const CACHE = 'mien'
const FOLDER = new URL('./', self.location).href

self.addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

async function keepAll() {
  const [cache, list] = await Promise.all([caches.open(CACHE), fetch('files.json')])
  const files = await list.json()
  // One of the two runtimes is used; the other would be megabytes for nothing.
  await cache.addAll(files.filter((file) => !file.includes('_compat_')))
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const path = request.url.slice(FOLDER.length)
  const isPage = request.method === 'GET' && request.url.startsWith(FOLDER) && !/^(v1\/|metrics|healthz|docs|openapi)/.test(path)
  if (isPage) event.respondWith(newest(request))
})

async function newest(request) {
  const cache = await caches.open(CACHE)
  try {
    const response = await fetch(request)
    if (response.ok && !response.redirected) await cache.put(request, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(request.mode === 'navigate' && request.url === FOLDER ? 'index.html' : request, { ignoreSearch: true })
    if (kept) return kept
    throw error
  }
}
