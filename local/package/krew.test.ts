import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { linuxPlatforms } from './executable.ts'
import { krewManifest, makeArchive } from './krew.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-krew-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What krew's developer guide says of a manifest: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest */
const line = { type: 'string', pattern: '^[^\\r\\n]+$' }
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  properties: {
    apiVersion: { const: 'krew.googlecontainertools.github.com/v1alpha2' },
    kind: { const: 'Plugin' },
    metadata: {
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: { name: { type: 'string', pattern: '^[a-z0-9-]+$' } },
    },
    spec: {
      type: 'object',
      additionalProperties: false,
      required: ['version', 'shortDescription', 'platforms'],
      properties: {
        version: { type: 'string', pattern: '^v\\d+\\.\\d+\\.\\d+$' },
        homepage: line,
        shortDescription: { ...line, maxLength: 50 },
        description: { type: 'string' },
        caveats: { type: 'string' },
        platforms: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['selector', 'uri', 'sha256', 'bin'],
            properties: {
              uri: { type: 'string', pattern: '^https://.+\\.(tar\\.gz|zip)$' },
              sha256: { type: 'string', pattern: '^[a-f0-9]{64}$' },
              bin: line,
              selector: {
                type: 'object',
                additionalProperties: false,
                required: ['matchLabels'],
                properties: {
                  matchLabels: {
                    type: 'object',
                    additionalProperties: false,
                    minProperties: 1,
                    properties: {
                      os: { enum: ['linux', 'darwin', 'windows'] },
                      arch: { enum: ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x'] },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
}

test('the manifest is what krew documents, with the checksums of archives that hold its program and the licence', () => {
  const archives = linuxPlatforms.map(({ architecture }) => {
    const file = join(folder, `postern-linux-${architecture}`)
    writeFileSync(file, architecture)
    const made = makeArchive({ architecture, file }, folder)
    expect(makeArchive({ architecture, file }, folder), 'a second time').toEqual(made)
    return made
  })
  const where = { archives: 'https://downloads.example.com/v1', homepage: 'https://example.com' }
  const manifest = parse(krewManifest(archives, where))
  const validate = new Ajv({ allErrors: true }).compile(schema)
  expect(validate(manifest), JSON.stringify(validate.errors)).toBe(true)

  const sums = Object.fromEntries(
    manifest.spec.platforms.map(({ uri, sha256 }: Record<string, string>) => [uri?.split('/').at(-1), sha256]),
  )
  expect(Object.keys(sums)).toEqual(['postern-linux-amd64.tar.gz', 'postern-linux-arm64.tar.gz'])
  for (const [name, sha256] of Object.entries(sums)) {
    expect(readFileSync(join(folder, `${name}.sha256`), 'utf8')).toBe(`${sha256}  ${name}\n`)
    expect(
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ).toBe(sha256)
    const listed = execFileSync('tar', ['--list', '--verbose', '--gzip', `--file=${name}`], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(listed).toMatch(/^-rwxr-xr-x 0\/0 .* \.\/postern$/m)
    expect(listed).toMatch(/^-rw-r--r-- 0\/0 .* \.\/LICENSE$/m)
  }
  expect(manifest.spec.platforms.map(({ bin }: { bin: string }) => bin)).toEqual(['postern', 'postern'])
})
