import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { nodeObstacle } from '#local/node/obstacle'
import { until } from '#testing/until'
import { machineState, processesWith } from './machine.testing.ts'
import { deployPrograms, startLines } from './stage.testing.ts'

// The limit only ends what hangs. The first run builds the programs, which takes ten minutes.
vi.setConfig({ testTimeout: 40 * 60_000 })

const obstacle = nodeObstacle()
if (obstacle) process.stderr.write(`NOT CHECKED: the end of a killed node. ${obstacle}\n`)

describe.skipIf(obstacle)('a cluster with a real node', () => {
  test.each(['SIGKILL', 'SIGINT'] as const)(
    'leaves nothing on this machine after %s to the process that runs it',
    async (signal) => {
      await deployPrograms()
      const before = machineState()
      const process = startLines(globalThis.process.execPath, [join(import.meta.dirname, 'bare-cluster.testing.ts')])
      const ready = () => process.lines().find((line) => line.startsWith('ready '))
      await until('the node to be ready', () => ready() !== undefined || process.hasEnded(), 300_000)
      const directory = ready()?.split(' ')[1] ?? ''
      expect(processesWith(directory).length, process.lines().join('\n')).toBeGreaterThan(5)
      process.kill(signal)
      await until('every process to have ended', () => processesWith(directory).length === 0)
      await until('the folder to be removed', () => !existsSync(directory))
      expect(machineState()).toEqual(before)
    },
  )
})
