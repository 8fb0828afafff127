// Words that a reader has to translate, each with what to say instead. `npm run check` looks for them in every text that
// a person meets. A pattern is a regular expression without regard to case; a space in it also fits a line break. What a
// pattern leaves out in `(?! …)` is ordinary English: "takes a minute", "asks the API server".

type Word = { pattern: string; say: string }

/** Turns of phrase that no engineer would say aloud. */
const phrases: Word[] = [
  { pattern: 'whoever', say: 'a role: the approver, the requester, anyone who' },
  { pattern: 'nobody', say: 'no one, or a role: no approver' },
  { pattern: 'somebody', say: 'someone, or a role: an approver' },
  { pattern: 'anew', say: 'again, or a new one' },
  { pattern: 'by (itself|themselves)', say: 'automatically, or alone' },
  { pattern: 'at the most', say: 'at most' },
  { pattern: 'besides', say: 'also, in addition, other than' },
  {
    pattern: 'what (is|was|are|were)(?! (approved|granted)\\b)(?![^.!?]*\\?)',
    say: 'a noun: the stored request, the missing approvals',
  },
  { pattern: '(it|this|that) is said', say: 'who says it: the API server denied it' },
  { pattern: '(is|are|was|were) told(?! apart)', say: 'sees, reads, receives' },
  { pattern: '(is|are) said (no|yes) to', say: 'is denied, is approved' },
  { pattern: 'stands(?! for)', say: 'is' },
  { pattern: 'gives', say: 'grants, allows, returns' },
  {
    pattern:
      'takes(?! (a|an|about|arguments|at most|care|effect|how long|long|longer|less|more|over|part|place|precedence|several|the place|time|up to|[0-9]))',
    say: 'needs, requires',
  },
  { pattern: '(comes?|came|coming) in(?! (a|the|one|two|three)\\b)', say: 'matches, arrives, starts' },
  { pattern: '(has|have|had) to be asked for', say: 'must be requested' },
  { pattern: 'for good', say: 'permanently' },
  { pattern: 'as it stands', say: 'now, unchanged, currently' },
  { pattern: 'in force since', say: 'active since' },
]

/** Words that the glossary has replaced: one word has one meaning. */
const glossary: Word[] = [
  {
    pattern: 'ask(s|ed|ing)?(?! (the|a|an|it|them|you|your|people|someone|anyone|each|every|that|again|whether|no)\\b)',
    say: 'request (noun), request access or submit a request (verb)',
  },
  { pattern: 'sa(y|ys|id|ying) (yes|no)', say: 'approve, deny' },
  {
    pattern: '(a|one|their|his|her) (yes|no)(?=[ ,.;:)]|$)(?! (one|longer|more|way)\\b)',
    say: 'an approval, a denial',
  },
  { pattern: 'wish(es|ed|ing)?', say: 'intent, desired objects' },
  { pattern: 'prov(e|es|ed|en|ing)|proofs?', say: 'probe (by an access review), confirm, test, evidence' },
  { pattern: 'look around', say: 'read-only access' },
  { pattern: 'looks? (at|into|in) (a|the|each|every) clusters?', say: 'reads the cluster, inspects' },
  { pattern: '(guardrail|limit|it|one|rule)s? (has |have |had )?(fire|fires|fired)', say: 'matched, no matches' },
  { pattern: 'raised|severe', say: 'severity low, medium, high' },
  { pattern: 'present (access|rights|permissions)', say: 'current access' },
  { pattern: '(the|a|its|their|last|one|next) beats?|on the beat', say: 'heartbeat' },
  { pattern: 'forg(et|ets|ot) the dead', say: 'prune stale workers' },
  { pattern: 'distrust(s|ed|ing)?', say: 'signature failure, verify records' },
  { pattern: 'even time', say: 'constant-time, aligned response' },
  { pattern: 'on record', say: 'recorded, stored' },
  {
    pattern: '(tokens?|credentials?|sessions?|grants?|access|requests?)( [\\w-]+){0,3} (die|dies|died)',
    say: 'expires',
  },
  { pattern: 'ends by', say: 'is revoked, released or expires' },
]

export const wordList: readonly Word[] = [...phrases, ...glossary]
