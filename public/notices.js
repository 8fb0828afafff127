// The service worker of browser notifications: shows what Postern pushes, and opens the page that it is about. It caches nothing and
// answers no request. lib/core/notices/as-push.ts has the fields.

self.addEventListener('push', (event) => {
  const { title = 'Postern', body, tag, path = '/' } = event.data?.json() ?? {}
  event.waitUntil(self.registration.showNotification(title, { body, tag, icon: '/favicon.ico', data: { path } }))
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(new URL(event.notification.data.path, self.location.origin)))
})

async function open(url) {
  if (url.origin !== self.location.origin) return undefined
  const windows = await self.clients.matchAll({ type: 'window' })
  return windows.find((one) => one.url === url.href)?.focus() ?? self.clients.openWindow(url.href)
}
