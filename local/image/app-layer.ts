import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifySync } from 'vite'
import { buildPackage } from '#local/package/build'
import { checkout } from '#local/processes/places'
import { appContents, appFolder } from './contents.ts'
import { copy, filesIn } from './files.ts'

/**
 * Next.js writes keys into each build that protect preview pages and the arguments that inline server actions enclose.
 * Postern has neither (contents.test.ts), so nothing rests on these keys. An image is public and needs the same bytes
 * each time, so they are zero in it.
 */
const previewKeys = {
  previewModeId: '0'.repeat(32),
  previewModeSigningKey: '0'.repeat(64),
  previewModeEncryptionKey: '0'.repeat(64),
}

function replaceKeys(app: string): void {
  const manifest = join(app, '.next/prerender-manifest.json')
  const document = { ...JSON.parse(readFileSync(manifest, 'utf8')), preview: previewKeys }
  writeFileSync(manifest, JSON.stringify(document))
  const own = join(app, '.next/server/preview-props.json')
  if (existsSync(own)) writeFileSync(own, JSON.stringify(previewKeys))
}

/** Next.js writes the path of the checkout into a few files of its build; in the image they are in /app. */
function replacePaths(app: string): void {
  for (const name of filesIn(app).filter((file) => /\.(js|mjs|json)$/.test(file))) {
    const file = join(app, name)
    const text = readFileSync(file, 'utf8')
    if (text.includes(checkout)) writeFileSync(file, text.replaceAll(checkout, `/${appFolder}`))
  }
}

/** Most of the generated client of Kubernetes is comments, and it is the largest package. Names stay as they are. */
function shortenClient(app: string): void {
  const generated = join(app, 'node_modules/@kubernetes/client-node/dist/gen')
  for (const name of filesIn(generated).filter((file) => file.endsWith('.js'))) {
    const file = join(generated, name)
    const { code, errors } = minifySync(file, readFileSync(file, 'utf8'), { compress: false, mangle: false })
    if (errors.length) throw new Error(`${file} can't be parsed: ${errors[0]?.message}`)
    writeFileSync(file, code)
  }
}

/** Makes the layer with Postern itself in `to`, an empty folder, from the production build in `.next`. */
export async function makeAppLayer(to: string): Promise<void> {
  const app = join(to, appFolder)
  for (const [target, source] of Object.entries(appContents)) copy(join(checkout, source), join(app, target))
  // What only compilers, debuggers and the build itself read.
  for (const file of filesIn(app).filter((name) => /\.(d\.[cm]?ts|map|nft\.json)$/.test(name))) rmSync(join(app, file))
  replaceKeys(app)
  replacePaths(app)
  shortenClient(app)
  await buildPackage(join(app, 'cli'))
}
