import { expect, test } from 'vitest'
import { endHeldConnections, holdOpen } from './held-connections.ts'

test('one person can hold twenty connections of a kind, whatever others hold, and a closed one makes room', () => {
  const letGo = Array.from({ length: 20 }, () => holdOpen('wait', 'mina', () => {}))
  expect(letGo).not.toContain(null)
  expect(holdOpen('wait', 'mina', () => {})).toBeNull()
  expect(holdOpen('stream', 'mina', () => {})).not.toBeNull()
  expect(holdOpen('wait', 'jonas', () => {})).not.toBeNull()
  letGo[7]?.()
  expect(holdOpen('wait', 'mina', () => {})).not.toBeNull()
})

test('a process that stops ends all of them', () => {
  const ended: string[] = []
  holdOpen('stream', 'ines', () => ended.push('stream'))
  holdOpen('wait', 'priya', () => ended.push('wait'))
  endHeldConnections()
  expect(ended).toEqual(['stream', 'wait'])
})
