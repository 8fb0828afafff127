import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { zipped } from '#testing/zip'
import { openPack } from './pack-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-pack-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function linesOf(content: Buffer) {
  const file = join(folder, 'pack.zip')
  writeFileSync(file, await zipped(new Map([['calls.jsonl', content]])))
  const pack = await openPack(file)
  try {
    return await Array.fromAsync(pack.lines('calls.jsonl'))
  } finally {
    pack.close()
  }
}

test('the lines of a file are read whole, with every character', async () => {
  const lines = ['"a\u2028b"', '', '\ufeff', 'é😀\ufffd'.repeat(50_000)]
  expect(await linesOf(Buffer.from(lines.map((one) => `${one}\n`).join('')))).toEqual(lines)
  expect(await linesOf(Buffer.alloc(0))).toEqual([])
})

test.each([
  ['bytes that are no text, which must not pass for the character that replaces them', Buffer.from([0x61, 0xff, 0x0a])],
  ['text that ends within a character', Buffer.from([0x61, 0x0a, 0xe2, 0x82])],
  ['a last line without its end', Buffer.from('a\nb')],
])('%s are refused', async (_, content) => {
  await expect(linesOf(content)).rejects.toThrow(/^.*pack\.zip: calls\.jsonl (is not UTF-8 text|was cut off)$/)
})

test('a small zip can’t unpack to one endless line: it is refused after the longest line that a pack has', async () => {
  await expect(linesOf(Buffer.alloc(64 * 1024 * 1024, 'a'))).rejects.toThrow(
    'calls.jsonl has a line that is longer than any of a pack',
  )
})
