import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { signerOf } from '#lib/core/log/checkpoint'
import { parseEnv } from './env.ts'

const complete = {
  POSTERN_CONFIG: '/etc/postern/postern.yaml',
  DATABASE_URL: 'postgresql://postern_app@db/postern',
  POSTERN_OIDC_CLIENT_SECRET: 'client-secret',
  POSTERN_SESSION_SECRET: 'x'.repeat(32),
  POSTERN_SIGNING_KEY: 's'.repeat(32),
}

test('a complete environment gets its defaults', () => {
  expect(parseEnv(complete)).toMatchObject({ role: 'all', port: 3000, hostname: '0.0.0.0', logLevel: 'info' })
})

test('every missing or invalid variable is named at once, and no value is repeated', () => {
  const act = () => parseEnv({ ...complete, POSTERN_CONFIG: '', POSTERN_SESSION_SECRET: 'short-secret', PORT: '70000' })
  expect(act).toThrow(/POSTERN_CONFIG[\s\S]*POSTERN_SESSION_SECRET[\s\S]*PORT/)
  expect(act).not.toThrow(/short-secret/)
})

test('an invalid database URL is reported without its password', () => {
  const act = () => parseEnv({ ...complete, DATABASE_URL: 'postgresql://postern_app:p#hidden@db:5432/postern' })
  expect(act).toThrow(/DATABASE_URL: is not a valid URL: in a password, write %/)
  expect(act).not.toThrow(/hidden/)
})

test('connect_timeout in the database URL is a whole number of seconds from 1 to 60, and 1.5 seconds if it is missing', () => {
  const parsed = (query: string) => parseEnv({ ...complete, DATABASE_URL: `${complete.DATABASE_URL}${query}` })
  expect(parsed('').databaseConnectTimeout).toBe(1_500)
  expect(parsed('?connect_timeout=10').databaseConnectTimeout).toBe(10_000)
  for (const wrong of ['0', '61', '-1', '1.5', '1e1', 'ten', ''])
    expect(() => parsed(`?connect_timeout=${wrong}`), wrong).toThrow(/DATABASE_URL: has a connect_timeout that is not/)
})

test('the key of the log is an Ed25519 key in PEM, and its verifiers are keys of the signed-note format', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const { verifier } = signerOf('postern.example.com/log', privateKey)
  const both = parseEnv({ ...complete, POSTERN_LOG_KEY: pem, POSTERN_LOG_VERIFIERS: ` ${verifier.text}\n` })
  expect(both).toMatchObject({ logKey: pem, logVerifiers: [verifier.text] })
  expect(parseEnv(complete)).toMatchObject({ logKey: undefined, logVerifiers: [] })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  for (const wrong of ['not a key', rsa.toString()])
    expect(() => parseEnv({ ...complete, POSTERN_LOG_KEY: wrong })).toThrow(/POSTERN_LOG_KEY: must be an Ed25519/)
  expect(() => parseEnv({ ...complete, POSTERN_LOG_VERIFIERS: 'mine' })).toThrow(/POSTERN_LOG_VERIFIERS: must be/)
})

test('a secret may come from a file, whose trailing line break is dropped', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-env-'))
  const file = join(directory, 'secret')
  writeFileSync(file, `${'y'.repeat(40)}\n`)
  const { POSTERN_SESSION_SECRET: _, ...rest } = complete
  expect(parseEnv({ ...rest, POSTERN_SESSION_SECRET_FILE: file }).sessionSecret).toBe('y'.repeat(40))
  expect(() => parseEnv({ ...complete, POSTERN_SESSION_SECRET_FILE: file })).toThrow(/are both set: keep one of them/)
  expect(() => parseEnv({ ...rest, POSTERN_SESSION_SECRET_FILE: join(directory, 'none') })).toThrow(/ENOENT/)
  rmSync(directory, { recursive: true })
})

test('a worker needs no secrets for sign-in, and every other role does', () => {
  const { POSTERN_OIDC_CLIENT_SECRET: _, POSTERN_SESSION_SECRET: __, ...rest } = complete
  expect(parseEnv({ ...rest, POSTERN_ROLE: 'worker' }).sessionSecret).toBe('')
  expect(() => parseEnv({ ...rest, POSTERN_ROLE: 'web' })).toThrow(/POSTERN_SESSION_SECRET: must be set/)
})

test('every role needs the signing key, which must differ from the session secret', () => {
  const { POSTERN_SIGNING_KEY: _, ...rest } = complete
  for (const role of ['all', 'web', 'worker'])
    expect(() => parseEnv({ ...rest, POSTERN_ROLE: role })).toThrow(/POSTERN_SIGNING_KEY: must be set/)
  expect(() => parseEnv({ ...complete, POSTERN_SIGNING_KEY: complete.POSTERN_SESSION_SECRET })).toThrow(
    /POSTERN_SIGNING_KEY: must differ from POSTERN_SESSION_SECRET/,
  )
  const other = parseEnv({ ...complete, POSTERN_OTHER_SIGNING_KEY: 'o'.repeat(32) })
  expect(other).toMatchObject({ signingKey: 's'.repeat(32), otherSigningKey: 'o'.repeat(32) })
})
