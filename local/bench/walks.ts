// What people do in addition to typing in the walks that the browser tests take. Counted by hand in those tests, which hold them.
export const walks = [
  '| Walk | taps, clicks and keys in addition to typing | test |',
  '|---|---|---|',
  '| on a phone, an engineer turns a pasted error into a submitted request | 3 taps | `e2e/request-walk.spec.ts` |',
  '| an approver with 66 waiting requests decides ten by keyboard | 30 keys, 3 for each: `a` or `d`, Enter, Enter | `e2e/inbox.spec.ts` |',
  '| an auditor finds who held access to secrets in a namespace last week, and who approved it | 1 key, 1 click | `e2e/walks.spec.ts` |',
]
