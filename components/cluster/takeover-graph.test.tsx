import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { TakeoverGraph } from './takeover-graph.tsx'

const path = [
  {
    from: 'User eve\u202e',
    can: 'use pods/exec, if a pod runs as it',
    binding: 'RoleBinding payments/debug',
    role: 'Role debug',
    to: 'ServiceAccount payments/agent',
  },
  {
    ...{ from: 'ServiceAccount payments/agent', can: 'is a member', binding: '', role: '' },
    to: 'Group system:serviceaccounts',
  },
  {
    ...{ from: 'Group system:serviceaccounts', can: 'do everything', binding: 'ClusterRoleBinding all' },
    ...{ role: 'ClusterRole cluster-admin', to: 'cluster-admin' },
  },
]
const markup = renderToStaticMarkup(<TakeoverGraph path={path} />)

test('the picture of a takeover reads as its steps, in order, without the arrows', () => {
  const heard = markup.replace(/<span aria-hidden="true"[^>]*>[^<]*<\/span>/g, '').replace(/<[^>]*>/g, ' ')
  expect(heard.replace(/\s+/g, ' ').trim()).toBe(
    [
      'User eve U+202E RoleBinding payments/debug , Role debug : can use pods/exec, if a pod runs as it',
      'ServiceAccount payments/agent is a member of',
      'Group system:serviceaccounts ClusterRoleBinding all , ClusterRole cluster-admin : can do everything',
      'cluster-admin',
    ].join(' '),
  )
})

test('every subject of a takeover is one box of the picture, and cluster-admin the last', () => {
  const boxes = [...markup.matchAll(/<code[^>]*>(.*?)<\/code>/g)].map(([, inside = '']) =>
    inside.replace(/<[^>]*>/g, ''),
  )
  expect(boxes).toEqual([
    'User eveU+202E',
    'ServiceAccount payments/agent',
    'Group system:serviceaccounts',
    'cluster-admin',
  ])
})
