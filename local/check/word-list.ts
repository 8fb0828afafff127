// Words and phrases to avoid, each with a better one. `npm run check` searches for them in every text that a person reads.
// A pattern is a case-insensitive regular expression in which a space also matches a line break. Exceptions in `(?! …)`
// are ordinary English: "takes a minute", "asks the API server".

type Word = { pattern: string; instead: string }

/** Phrases that an engineer would not say aloud. */
const phrases: Word[] = [
  { pattern: 'whoever', instead: 'a role: the approver, the requester, anyone who' },
  { pattern: 'nobody', instead: 'no one, or a role: no approver' },
  { pattern: 'somebody', instead: 'someone, or a role: an approver' },
  { pattern: 'anew', instead: 'again, or a new one' },
  { pattern: 'by (itself|themselves)', instead: 'automatically, or alone' },
  { pattern: 'at the most', instead: 'at most' },
  { pattern: 'besides', instead: 'also, in addition, other than' },
  {
    pattern: 'what (is|was|are|were)(?! (approved|granted|done)\\b)(?![^.!?]*\\?)',
    instead: 'a noun: the stored request, the missing approvals',
  },
  { pattern: '(it|this|that) is said', instead: 'who says it: the API server denied it' },
  { pattern: '(is|are|was|were) told(?! apart)', instead: 'sees, reads, receives' },
  { pattern: '(is|are) said (no|yes) to', instead: 'is denied, is approved' },
  { pattern: 'stands(?! for)', instead: 'is' },
  { pattern: 'gives', instead: 'grants, allows, returns' },
  {
    pattern:
      'takes(?! (a|an|about|arguments|at most|care|effect|how long|long|longer|less|more|over|part|place|precedence|several|the place|time|up to|[0-9]))',
    instead: 'needs, requires',
  },
  { pattern: '(comes?|came|coming) in(?! (a|the|one|two|three)\\b)', instead: 'matches, arrives, starts' },
  { pattern: '(has|have|had) to be asked for', instead: 'must be requested' },
  { pattern: 'for good', instead: 'permanently' },
  { pattern: 'as it stands', instead: 'now, unchanged, currently' },
  { pattern: 'in force since', instead: 'active since' },
]

/** Words that the glossary has replaced: one word has one meaning. */
const glossary: Word[] = [
  {
    pattern: 'ask(s|ed|ing)?(?! (the|a|an|it|them|you|your|people|someone|anyone|each|every|that|again|whether|no)\\b)',
    instead: 'request (noun), request access or submit a request (verb)',
  },
  { pattern: 'sa(y|ys|id|ying) (yes|no)', instead: 'approve, deny' },
  {
    pattern: '(a|one|their|his|her) (yes|no)(?=[ ,.;:)]|$)(?! (one|longer|more|way)\\b)',
    instead: 'an approval, a denial',
  },
  { pattern: 'wish(es|ed|ing)?', instead: 'intent, desired objects' },
  { pattern: 'prov(e|es|ed|en|ing)|proofs?', instead: 'probe (by an access review), confirm, test, evidence' },
  { pattern: 'look around', instead: 'read-only access' },
  { pattern: 'looks? (at|into|in) (a|the|each|every) clusters?', instead: 'reads the cluster, inspects' },
  { pattern: '(guardrail|limit|it|one|rule)s? (has |have |had )?(fire|fires|fired)', instead: 'matched, no matches' },
  { pattern: 'raised|severe', instead: 'severity low, medium, high' },
  { pattern: 'present (access|rights|permissions)', instead: 'current access' },
  { pattern: '(the|a|its|their|last|one|next) beats?|on the beat', instead: 'heartbeat' },
  { pattern: 'forg(et|ets|ot) the dead', instead: 'prune stale workers' },
  { pattern: 'distrust(s|ed|ing)?', instead: 'signature failure, verify records' },
  { pattern: 'even time', instead: 'constant-time, aligned response' },
  { pattern: 'on record', instead: 'recorded, stored' },
  {
    pattern: '(tokens?|credentials?|sessions?|grants?|access|requests?)( [\\w-]+){0,3} (die|dies|died)',
    instead: 'expires',
  },
  { pattern: 'ends by', instead: 'is revoked, released or expires' },
]

export const wordList: readonly Word[] = [...phrases, ...glossary]
