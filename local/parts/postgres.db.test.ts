import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRun, type Run } from '#local/processes/processes'
import { createDatabase, openClient, type Postgres, startPostgres } from './postgres.ts'

let run: Run
let postgres: Postgres
beforeAll(async () => {
  run = await openRun({ name: 'postgres-test' })
  postgres = await startPostgres(run, { directory: join(run.directory, 'postgres'), durable: false })
})
afterAll(() => run.stop())

async function query(url: string, sql: string) {
  const client = openClient(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const elsewhere = (url: string, change: Partial<{ database: string; password: string }>) => {
  const changed = new URL(url)
  if (change.database) changed.pathname = `/${change.database}`
  if (change.password) changed.password = change.password
  return changed.href
}

describe('the local PostgreSQL', () => {
  test('refuses a connection with the wrong password, even from this machine', async () => {
    await expect(query(elsewhere(postgres.adminUrl, { password: 'postgres' }), 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    })
  })

  test('lets the owner create tables in its database but no other databases or roles', async () => {
    await query(postgres.ownerUrl, 'CREATE TABLE mine (id int)')
    await expect(query(postgres.ownerUrl, 'CREATE DATABASE more')).rejects.toMatchObject({ code: '42501' })
    const [role] = await query(
      postgres.ownerUrl,
      'SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user',
    )
    expect(role).toEqual({ rolsuper: false, rolcreaterole: false, rolcreatedb: false })
  })

  test('denies the application everything that no migration granted', async () => {
    await query(postgres.ownerUrl, 'CREATE TABLE theirs (id int)')
    await expect(query(postgres.appUrl, 'SELECT * FROM theirs')).rejects.toMatchObject({ code: '42501' })
    await expect(query(postgres.appUrl, 'CREATE TABLE own (id int)')).rejects.toMatchObject({ code: '42501' })
    await expect(query(postgres.appUrl, 'CREATE TEMP TABLE own (id int)')).rejects.toMatchObject({ code: '42501' })
  })

  test('copies a database with its owner, and only the same two roles can connect', async () => {
    const client = openClient(postgres.adminUrl)
    await client.connect()
    await createDatabase(client, 'a copy', 'postern')
    await client.query('CREATE ROLE stranger LOGIN PASSWORD $$stranger$$')
    await client.end()
    const at = (url: string) => elsewhere(url, { database: 'a copy' })
    await query(at(postgres.ownerUrl), 'CREATE TABLE in_copy (id int)')
    await expect(query(at(postgres.appUrl), 'SELECT 1')).resolves.toHaveLength(1)
    const stranger = new URL(at(postgres.appUrl))
    stranger.username = 'stranger'
    stranger.password = 'stranger'
    await expect(query(stranger.href, 'SELECT 1')).rejects.toMatchObject({ code: '42501' })
  })
})
