import { expect, test } from 'vitest'
import { withLock } from './lock.ts'

test('a folder in which no lock can be made ends the command, instead of being tried for ever', async () => {
  // No one can make a folder there.
  await expect(withLock('/proc/self/postern', async () => 'done')).rejects.toThrow()
})
