import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { hardenServer } from './harden-server.ts'

// Before the server exists, as in production.
hardenServer()
const server = createServer((request, response) => response.end(`target ${request.url}.`))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
afterAll(() => new Promise((resolve) => server.close(resolve)))

const answerTo = (target: string) =>
  new Promise<string | undefined>((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    )
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.match(/target (.*)\./)?.[1]))
  })

test('a host in the request target is dropped', async () => {
  expect(await answerTo('/inbox?a=1')).toBe('/inbox?a=1')
  expect(await answerTo('http://evil.example/inbox?a=1')).toBe('/inbox?a=1')
  expect(await answerTo('https://evil.example')).toBe('/')
  expect(await answerTo('//evil.example/')).toBe('//evil.example/')
  expect(await answerTo('*')).toBe('/')
})

test('after the first request the server disconnects slow clients within seconds', async () => {
  await answerTo('/')
  expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000])
})
