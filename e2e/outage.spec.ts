import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { startPostern } from '#local/parts/postern'
import { freePort } from '#local/processes/ports'
import { openRun } from '#local/processes/processes'
import { startProxy } from '#testing/proxy'
import { expect, test as story } from './fixtures.ts'
import { axeFindings, colorSchemes, excessWidth } from './page-checks.ts'

// A replica of Postern whose connection to the database can be cut. Browsers send cookies to every port of a host, so a
// person who is signed in at one replica is signed in at the other.

type Replica = { url: string; cut(): Promise<void>; mend(): Promise<void> }

const test = story.extend<object, { replica: Replica }>({
  replica: [
    async ({ stage }, use) => {
      const address = new URL(stage.postern.databaseUrl)
      const database = await startProxy({ host: address.hostname, port: Number(address.port) })
      address.port = String(database.port)
      // A database that hangs is reported as unavailable after the usual time.
      address.searchParams.delete('connect_timeout')
      const run = await openRun({ name: 'replica' })
      const directory = join(run.directory, 'postern')
      mkdirSync(directory)
      const port = await freePort()
      const { url } = await startPostern(run, {
        ...stage.postern,
        ...{ port, directory, role: 'web', databaseUrl: address.href },
      })
      await use({ url, cut: database.cut, mend: database.mend })
      await run.stop()
      await database.stop()
    },
    { scope: 'worker' },
  ],
})

test('a page explains a database outage accessibly, light or dark, and reloads after it', async ({ as, replica }) => {
  // A page without the console check, because the browser logs the expected 503 as an error.
  const mina = await as('mina')
  const page = await mina.context().newPage()
  await page.goto(`${replica.url}/history`)
  await expect(page.getByRole('heading', { level: 1, name: 'History' })).toBeVisible()
  await replica.cut()
  try {
    for (const width of [1280, 390])
      for (const colorScheme of colorSchemes) {
        await page.setViewportSize({ width, height: 844 })
        await page.emulateMedia({ colorScheme })
        // The page reloads every three seconds, which may end a check on a slow machine.
        await expect(async () => {
          const response = await page.goto(`${replica.url}/history`)
          expect(response?.status()).toBe(503)
          await expect(page.getByRole('heading', { level: 1, name: 'Database unavailable' })).toBeVisible()
          await expect(page.getByRole('link', { name: 'Try again now' })).toBeVisible()
          expect(await axeFindings(page)).toEqual([])
          expect(await excessWidth(page)).toBe(0)
        }).toPass()
      }
  } finally {
    await replica.mend()
  }
  await expect(page.getByRole('heading', { level: 1, name: 'History' })).toBeVisible()
})
