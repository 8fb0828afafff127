import { expect, test } from 'vitest'
import { terminalPicture } from './terminal-picture.ts'

test('the picture in the README shows the recorded session of a terminal', async () => {
  await expect(terminalPicture()).toMatchFileSnapshot('../../docs/terminal.svg')
})
