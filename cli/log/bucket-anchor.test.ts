import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { fileOfCheckpoint } from '#lib/core/log/checkpoint'
import { checkpointsInBucket } from './bucket-anchor.ts'

/** A bucket whose server lies about the sizes of its objects. */
let versions = ''
const server = createServer(({ url }, response) => {
  const isList = url?.includes('versions=')
  response.end(isList ? `<ListVersionsResult>${versions}</ListVersionsResult>` : 'x'.repeat(100_000))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())

const keys = { id: 'id', secret: 'secret', sessionToken: undefined, region: 'eu' }
const read = () => checkpointsInBucket(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, keys)
const version = (key: string) => `<Version><Key>${key}</Key><VersionId>1</VersionId><Size>10</Size></Version>`

test('an object that is larger than any checkpoint is not kept, whatever size the bucket lists', async () => {
  versions = version(fileOfCheckpoint(7))
  expect(await read()).toEqual([{ where: expect.stringContaining('version 1'), note: null }])
})

test('a page of any number of versions is refused in words', async () => {
  versions = `<Version><Key>${fileOfCheckpoint(7)}</Key></Version>`.repeat(210_000)
  await expect(read()).rejects.toThrow('the bucket lists more than 200000 versions')
})
