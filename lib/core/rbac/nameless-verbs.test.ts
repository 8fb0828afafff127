import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { neverAllowed } from './nameless-verbs.ts'

const rule = (changes: Partial<Rule> = {}): Rule => ({
  ...{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create'], resourceNames: ['settings'] },
  ...changes,
})

describe('rules that the API server never allows', () => {
  test('create by name is never allowed', () => {
    expect(neverAllowed(rule())).toEqual(['create'])
  })
  test('deletecollection by name is never allowed, for subresources either', () => {
    expect(neverAllowed(rule({ verbs: ['deletecollection'] }))).toEqual(['deletecollection'])
    expect(neverAllowed(rule({ verbs: ['deletecollection'], resources: ['x/y'] }))).toEqual(['deletecollection'])
  })
  test('a * in resourceNames is the name of an object', () => {
    expect(neverAllowed(rule({ verbs: ['get'], resourceNames: ['settings', '*'] }))).toEqual(['*'])
  })
  test('create on a subresource has the name of its object', () => {
    expect(neverAllowed(rule({ verbs: ['create'], resources: ['pods/exec'] }))).toEqual([])
    expect(neverAllowed(rule({ verbs: ['create'], resources: ['pods/exec', 'pods'] }))).toEqual(['create'])
  })
  test('an empty name matches calls without a name', () => {
    expect(neverAllowed(rule({ resourceNames: ['settings', ''] }))).toEqual([])
  })
  test('without resourceNames everything can be allowed', () => {
    const { resourceNames: _, ...unnamed } = rule({ verbs: ['create', 'deletecollection'] })
    expect([neverAllowed(unnamed), neverAllowed({ ...unnamed, resourceNames: [] })]).toEqual([[], []])
  })
})
