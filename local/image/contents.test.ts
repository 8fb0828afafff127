import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSources } from '#local/check/source'
import { checkout } from '#local/processes/places'
import { containerConfiguration } from './contents.ts'
import { platforms } from './platforms.ts'
import { makeSbom, nodeVersion } from './sbom.ts'

test('the Dockerfile configures a container like the archive', () => {
  const text = readFileSync(join(checkout, 'deploy/image/Dockerfile'), 'utf8')
  const said = (word: string) => text.match(new RegExp(`^${word} (.+)$`, 'm'))?.[1] ?? ''
  const { User, Env, ExposedPorts, Entrypoint, Cmd, WorkingDir, StopSignal } = containerConfiguration
  expect(said('USER')).toBe(User)
  expect(said('ENV').split(' ').sort()).toEqual([...Env].sort())
  expect(said('EXPOSE').split(' ')).toEqual(Object.keys(ExposedPorts))
  expect(JSON.parse(said('ENTRYPOINT'))).toEqual(Entrypoint)
  expect(JSON.parse(said('CMD'))).toEqual(Cmd)
  expect([said('STOPSIGNAL'), text.match(/^WORKDIR (\/app)$/m)?.[1]]).toEqual([StopSignal, WorkingDir])
})

test('no code uses preview pages or inline server actions, whose keys are the same in every image', () => {
  const product = readSources(checkout).filter(({ path }) => /^(app|components|lib)\//.test(path))
  const uses = product.filter(
    ({ text }) => /\bdraftMode\b|\bsetPreviewData\b/.test(text) || /^\s+['"]use server['"]/m.test(text),
  )
  expect(uses.map(({ path }) => path)).toEqual([])
  expect(product.filter(({ text }) => /^'use server'/m.test(text)).length).toBeGreaterThan(3)
})

test('the list of packages names what an image contains and nothing that only tests use', () => {
  const [platform] = platforms
  if (!platform) throw new Error('there is no platform')
  const libc = { name: 'libc6', version: '2.36-9+deb12u10', architecture: 'amd64' }
  const sbom = makeSbom(platform, [libc], 'bookworm')
  const find = (name: string) => sbom.components.find((one) => one.name === name)
  expect(find('next')?.purl).toMatch(/^pkg:npm\/next@/)
  expect(find('node')?.version).toBe(nodeVersion())
  expect(find('libc6')?.purl).toBe('pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=bookworm')
  expect(find('@kubernetes/client-node')?.purl).toMatch(/^pkg:npm\/%40kubernetes\/client-node@/)
  for (const name of ['react', 'pg', 'zod', 'yaml', 'jose']) expect(find(name), name).toBeDefined()
  for (const name of ['vitest', 'sharp', 'typescript', '@playwright/test']) expect(find(name), name).toBeUndefined()
  expect(makeSbom(platform, [libc], 'bookworm')).toEqual(sbom)
})
