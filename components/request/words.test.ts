import { describe, expect, test } from 'vitest'
import { outlivingAccess } from './words.ts'

const rule = (resource: string, verb: string) => ({ apiGroups: [''], resources: [resource], verbs: [verb] })
const finding = (outlives: string | null) => ({
  ...{ id: 'runs-commands-in-pods', severity: 'medium' as const, sentence: 'Can run commands in pods.' },
  ...{ outlives, because: [], partOf: [] },
})
const outliving = (verb: string, ...findings: ReturnType<typeof finding>[]) =>
  outlivingAccess({ rules: [rule('pods', verb)], risk: { severity: 'medium', findings } })

describe('what may still work after the end of access', () => {
  test('the effects of each risk are named once', () => {
    const session = 'a session that is open when the grant ends'
    expect(outliving('get', finding(session), finding(session), finding(null))).toEqual([session])
  })

  test('an open watch is named where the rules allow watches, and nothing where they only read', () => {
    expect(outliving('watch')).toEqual(['a watch that is open when the grant ends'])
    expect(outliving('*')).toEqual(['a watch that is open when the grant ends'])
    expect(outliving('get')).toEqual([])
  })
})
