// The command of the image: `serve` (the default), `migrate`, `healthcheck`, or a subcommand of `postern`. The files that it
// starts exist only in the image, where they are beside it; local/image/contents.ts lists them.
import { fileURLToPath } from 'node:url'

/** @param {string} path */
const beside = (path) => new URL(path, import.meta.url)

/** @param {string} line @returns {never} */
function fail(line) {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

async function migrate() {
  const { migrate, ownerUrl } = await import(beside('prisma/migrate.mjs').href)
  try {
    await migrate(ownerUrl(), fileURLToPath(beside('prisma/migrations')))
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

/** Exits with 0 if this container serves. Without a shell or curl, Docker and Compose have no other way to ask. */
async function healthcheck() {
  const url = `http://127.0.0.1:${process.env.PORT ?? 3000}/readyz`
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined)
  if (!response?.ok) fail(response ? `${url} answered ${response.status}` : `${url} did not answer`)
}

const [command = 'serve'] = process.argv.slice(2)
if (command === 'serve') await import(beside('server.js').href)
else if (command === 'migrate') await migrate()
else if (command === 'healthcheck') await healthcheck()
else await import(beside('cli/postern.js').href)
