import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiRoutes } from './routes.ts'

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith(join('/', 'route.ts')),
)

test('every route is answered beside Next.js at the path at which Next.js answers it', async () => {
  expect(Object.keys(apiRoutes).sort()).toEqual(files.map((name) => `/${name.slice(0, -'/route.ts'.length)}`).sort())
  for (const [path, handlers] of Object.entries(apiRoutes)) {
    const module = await import(/* @vite-ignore */ `.${path}/route.ts`)
    expect(handlers.GET, path).toBe(module.GET)
    expect(handlers.POST, path).toBe(module.POST)
  }
})
