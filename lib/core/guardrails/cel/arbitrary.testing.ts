// For tests: random expressions of the right types, with the values at which implementations of CEL differ.
import type { PolicyFacts } from './context.ts'
import type { Question } from './kubernetes.testing.ts'

/** Numbers in [0, 1) that depend on the seed alone. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const texts = [
  ...[
    '',
    'a',
    'A',
    'z',
    'ab',
    'aba',
    'patch',
    '*',
    'a,b,,c',
    'payments-dev',
    'Straße',
    'ÄÖÜ',
    'é',
    'e\u0301',
    'x y\tz',
  ],
  ...[
    '\u212aarl',
    'KARL',
    '\u0130',
    '\u0131',
    '\u017f',
    '\u01c5',
    '😀',
    'a😀b',
    '😀😀',
    '👩‍👩‍👧',
    '\ue000',
    '\uffee',
    '\u{10000}',
  ],
  ...[' a ', '\u00a0a\u0085', '\u3000a\u2003', '\ufeffa', '\u180ea', '\ta\v', '\u200ba'],
  ...[
    '0',
    '12',
    '-7',
    '+5',
    '007',
    '',
    ' 1',
    '1 ',
    '0b11',
    '0o7',
    '0x1F',
    '1_000',
    '-0',
    '--1',
    '1.',
    '.5',
    '1e3',
    '1e400',
  ],
  ...['-1e400', '1e-400', 'NaN', 'inf', '-Infinity', '+inf', '9223372036854775807', '9223372036854775808'],
  ...['-9223372036854775808', '-9223372036854775809', '1.5', '-2.75e-3', '0x1p4', 'true', '१२', '1\u0660'],
]
const integers = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '7',
    '-1',
    '-2',
    '10',
    '100',
    '0x1F',
    '2147483648',
    '9007199254740993',
    '4611686018427387904',
  ],
  ...['9223372036854775807', '-9223372036854775808', '-9223372036854775807', '1000000007', '-1000000007'],
]
const doubles = [
  ...['0.0', '-0.0', '1.0', '1.5', '-2.25', '0.1', '0.3', '1e21', '1e20', '123456.0', '1234567.0', '0.0001', '0.00001'],
  ...['1e308', '-1e308', '5e-324', '9007199254740993.0', '9.223372036854775807e18', '-9.223372036854775808e18', '1e99'],
]
const timestamps = [
  ...[
    '2026-11-23T09:00:00Z',
    '2026-11-23T09:00:00.5Z',
    '2026-11-23T09:00:00.123456789Z',
    '2026-11-23T10:00:00.000000001+01:00',
  ],
  ...[
    '2024-02-29T23:59:59.999Z',
    '2026-02-28T23:59:59Z',
    '2026-03-29T00:59:59Z',
    '2026-03-29T01:00:00Z',
    '2026-10-25T00:30:00Z',
  ],
  ...[
    '1970-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999999999Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999999999Z',
  ],
  ...[
    '1899-12-31T23:20:00Z',
    '1700-01-01T00:00:00Z',
    '2300-06-01T12:00:00-11:30',
    '2026-02-29T00:00:00Z',
    '1883-11-18T17:00:00Z',
  ],
  ...[
    '2026-06-30T23:59:60Z',
    '2026-01-01T24:00:00Z',
    '2011-12-30T09:59:59Z',
    '0000-12-31T23:59:59Z',
    '2026-04-31T00:00:00Z',
  ],
]
const durations = [
  ...[
    '0s',
    '1s',
    '-1s',
    '1.5s',
    '-1.5s',
    '-0.000000001s',
    '0.999999999s',
    '90m',
    '1h30m',
    '1.1h',
    '-1m1.5s',
    '300us',
    '1ns',
  ],
  ...[
    '60s',
    '1m',
    '3600s',
    '24h',
    '8760h',
    '2562047h47m16.854775807s',
    '-2562047h47m16.854775808s',
    '2562047h48m',
    '.5s',
  ],
  ...[
    '1.000000001s',
    '0.1us',
    '1.9999999999s',
    '0.3333333333333333h',
    '1µs',
    '100ms',
    '87600h',
    '2500000h',
    '1.s',
    '1.23456789012345678901s',
  ],
]
const zones = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns'],
  ...['Pacific/Apia', 'Asia/Kathmandu'],
]
const patterns = [
  'a',
  '^A',
  '.$',
  '(?i)k',
  '^.$',
  '[[:alpha:]]+',
  '\\\\pL',
  'a|b',
  '^\\\\s*$',
  '(?i)ß',
  'x*',
  '\\\\bpatch\\\\b',
  '^[^a]+$',
]
const getters = ['getFullYear', 'getMonth', 'getDayOfMonth', 'getDate', 'getDayOfWeek', 'getDayOfYear']
const clockGetters = ['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds']

type Name = 'string' | 'int' | 'double' | 'bool' | 'timestamp' | 'duration'
/** `rule` and `access` are the elements of `rules` and `difference.added`. */
type Scalar = Name | 'rule' | 'access'
type Type = Scalar | `list<${Name | 'rule' | 'access' | 'list<string>'}>`
const noTexts = 'request.namespaces.filter(none, false)'

type Scope = readonly { name: string; type: Type }[]

const ruleFields = ['verbs', 'apiGroups', 'resources', 'resourceNames']
const accessFields = ['verb', 'group', 'resource', 'name', 'namespace']

/** Writes a text as a literal, in one of the ways that CEL has. */
function quoted(value: string, random: () => number): string {
  const style = random()
  const written = (character: string) => {
    const point = character.codePointAt(0) ?? 0
    const isPlain = point >= 0x20 && point < 0x7f
    if (character === "'" || character === '\\') return `\\${character}`
    if (isPlain || (style < 0.4 && point > 0xa0)) return character
    return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`
  }
  return `'${[...value].map(written).join('')}'`
}

export class Expressions {
  readonly #random: () => number
  constructor(random: () => number) {
    this.#random = random
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)] as T
  }

  /** Runs one of these alternatives. */
  #oneOf(alternatives: readonly (() => string)[]): string {
    return this.#pick(alternatives)()
  }

  any(depth: number): string {
    const type = this.#pick<Type>([
      ...(['bool', 'bool', 'bool', 'string', 'string', 'int', 'double', 'timestamp', 'duration'] as const),
      ...(['list<string>', 'list<int>', 'list<double>', 'list<duration>', 'list<list<string>>'] as const),
    ])
    return this.of(type, depth, [])
  }

  of(type: Type, depth: number, scope: Scope): string {
    const bound = scope.filter((variable) => variable.type === type)
    if (bound.length > 0 && this.#random() < 0.4) return this.#pick(bound).name
    if (depth <= 0) return this.#leaf(type, scope)
    if (type !== 'rule' && type !== 'access' && this.#random() < 0.08) {
      const [condition, a, b] = [
        this.of('bool', depth - 1, scope),
        this.of(type, depth - 1, scope),
        this.of(type, depth - 1, scope),
      ]
      return `(${condition} ? ${a} : ${b})`
    }
    if (type.startsWith('list<')) return this.#list(type as `list<${Name}>`, depth, scope)
    if (this.#random() < 0.12)
      return `${this.of(`list<${type as Name}>`, depth - 1, scope)}[${this.#pick(['0', '0', '1', '-1', '5'])}]`
    const below = (of: Type) => this.of(of, depth - 1, scope)
    switch (type) {
      case 'string':
        return this.#text(below)
      case 'int':
        return this.#integer(below)
      case 'double':
        return this.#double(below)
      case 'bool':
        return this.#bool(below, depth, scope)
      case 'timestamp':
        return this.#oneOf([
          () => `(${below('timestamp')} ${this.#pick(['+', '-'])} ${below('duration')})`,
          () => `(${below('duration')} + ${below('timestamp')})`,
          () => this.#leaf('timestamp', scope),
        ])
      case 'duration':
        return this.#oneOf([
          () => `(${below('duration')} ${this.#pick(['+', '-'])} ${below('duration')})`,
          () => `(${below('timestamp')} - ${below('timestamp')})`,
          () => this.#leaf('duration', scope),
        ])
      default:
        return this.#leaf(type, scope)
    }
  }

  #leaf(type: Type, scope: Scope): string {
    switch (type) {
      case 'string': {
        const [rules, accesses] = [scope.filter((of) => of.type === 'rule'), scope.filter((of) => of.type === 'access')]
        return this.#oneOf([
          () => quoted(this.#pick(texts), this.#random),
          () => quoted(this.#pick(texts), this.#random),
          () => quoted(this.#pick(texts) + this.#pick(texts), this.#random),
          () => quoted(this.#anyText(), this.#random),
          () =>
            this.#pick(['request.reason', 'request.ticket', 'requester.subject', 'requester.email', 'cluster.name']),
          () =>
            this.#pick([
              'cluster.labels.tier',
              'cluster.labels.gone',
              "cluster.labels['Ünïcode']",
              'namespaceObject.metadata.labels.team',
            ]),
          ...accesses.map(
            ({ name }) =>
              () =>
                `${name}.${this.#pick(accessFields)}`,
          ),
          ...rules.map(
            ({ name }) =>
              () =>
                `${name}.${this.#pick(ruleFields)}[0]`,
          ),
        ])
      }
      case 'int':
        return this.#random() < 0.7 ? this.#pick(integers) : `${this.#int64() >> BigInt(this.#below(64))}`
      case 'double':
        return this.#random() < 0.7 ? this.#pick(doubles) : this.#anyDouble()
      case 'bool':
        return this.#pick([
          'true',
          'false',
          'request.automatic',
          'request.extension',
          'difference.known',
          'has(cluster.labels.tier)',
          'has(cluster.labels.gone)',
        ])
      case 'timestamp':
        if (this.#random() < 0.2) return this.#pick(['now', 'request.startsAt'])
        return `timestamp('${this.#random() < 0.6 ? this.#pick(timestamps) : this.#anyTimestamp()}')`
      case 'duration':
        if (this.#random() < 0.15) return this.#pick(['request.duration', 'request.total'])
        return `duration('${this.#random() < 0.6 ? this.#pick(durations) : this.#anyDuration()}')`
      case 'rule':
        return 'rules[0]'
      case 'access':
        return 'difference.added[0]'
      case 'list<rule>':
        return 'rules'
      case 'list<access>':
        return 'difference.added'
      case 'list<string>': {
        const rules = scope.filter((of) => of.type === 'rule')
        return this.#oneOf([
          // NB: not `[]`, whose elements have no type: Kubernetes may refuse what is done with them (widerExpressions).
          () => this.#pick(['request.namespaces', 'requester.groups', 'rules[0].verbs', noTexts, "['a', '😀', 'K']"]),
          ...rules.map(
            ({ name }) =>
              () =>
                `${name}.${this.#pick(ruleFields)}`,
          ),
        ])
      }
      default: {
        const of = type.slice(5, -1) as Type
        const count = Math.floor(this.#random() * 4)
        return `[${Array.from({ length: count }, () => this.#leaf(of, scope)).join(', ')}]`
      }
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #int64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.#below(2 ** 32)) << 32n) | BigInt(this.#below(2 ** 32)))
  }

  /** One of all doubles, or one that has few digits. */
  #anyDouble(): string {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigInt64(0, this.#int64())
    const few = (this.#below(200_000) - 100_000) / 10 ** this.#below(8)
    const value = this.#random() < 0.5 ? few : view.getFloat64(0)
    return Number.isFinite(value) ? value.toExponential() : '1.0'
  }

  /** A date that may not exist, with any number of decimals and any offset. */
  #anyTimestamp(): string {
    const two = (limit: number) => `${this.#below(limit)}`.padStart(2, '0')
    const decimals = this.#pick(['', '', `.${this.#below(10 ** 9)}`, `.${two(100)}`, '.000000001', '.0', '.999999999'])
    const year = this.#pick([1 + this.#below(9999), 1970 + this.#below(100), 2000 + this.#below(40)])
    const offset = this.#pick(['Z', 'Z', `+${two(15)}:${two(60)}`, `-${two(13)}:30`, '-00:00'])
    const date = `${`${year}`.padStart(4, '0')}-${two(13)}-${this.#pick([two(29), two(32), '29', '31'])}`
    return `${date}T${two(24)}:${two(60)}:${two(60)}${decimals}${offset}`
  }

  #anyDuration(): string {
    const part = () => {
      const whole = `${this.#below(10 ** this.#below(6))}`
      const fraction = this.#pick(['', '', `.${this.#below(10 ** 9)}`, `.${this.#below(10 ** 4)}`, '.'])
      return `${whole}${fraction}${this.#pick(['h', 'm', 's', 'ms', 'us', 'µs', 'ns'])}`
    }
    return `${this.#pick(['', '', '-', '+'])}${Array.from({ length: 1 + this.#below(3) }, part).join('')}`
  }

  /** Any characters, many of them outside of ASCII or of the first plane. */
  #anyText(): string {
    const point = () =>
      this.#pick([0x20 + this.#below(95), 0xa0 + this.#below(0x500), this.#below(0xd800), 0x1f300 + this.#below(0x700)])
    return String.fromCodePoint(...Array.from({ length: this.#below(6) }, point))
  }

  /** A literal with a pattern. */
  #pattern(): string {
    const random = this.#random
    if (random() < 0.5) return `'${this.#pick(patterns)}'`
    const atom = () =>
      this.#pick([
        'a',
        '.',
        'é',
        '😀',
        '\\pL',
        '\\p{Lu}',
        '\\w',
        '\\W',
        '\\d',
        '\\s',
        '[^a-z]',
        '[À-ɏ]',
        '[[:^space:]]',
        '\\x{1F600}',
        '(?i:K)',
        '\\b',
        '(ab)',
      ])
    const parts = Array.from(
      { length: 1 + this.#below(3) },
      () => `${atom()}${this.#pick(['', '', '*', '+', '?', '{2}', '*?'])}`,
    )
    const flags = this.#pick(['', '', '(?i)', '(?s)', '(?m)', '(?U)'])
    return quoted(
      `${flags}${this.#pick(['', '^'])}${parts.join(this.#pick(['', '|']))}${this.#pick(['', '$'])}`,
      random,
    )
  }

  #text(below: (type: Type) => string): string {
    return this.#oneOf([
      () => `(${below('string')} + ${below('string')})`,
      () => `${below('string')}.${this.#pick(['lowerAscii', 'upperAscii', 'trim'])}()`,
      () => `${below('string')}.${this.#pick(['lowerAscii', 'upperAscii', 'trim'])}()`,
      () => `${below('string')}.substring(${this.#smallOr(below)})`,
      () => `${below('string')}.substring(${this.#smallOr(below)}, ${this.#smallOr(below)})`,
      () => `string(${below(this.#pick(['int', 'double', 'double', 'bool', 'string']))})`,
      () => `${below('list<string>')}.join(${this.#random() < 0.3 ? '' : below('string')})`,
    ])
  }

  #smallOr(below: (type: Type) => string): string {
    return this.#random() < 0.8 ? this.#pick(['0', '1', '2', '3']) : below('int')
  }

  #integer(below: (type: Type) => string): string {
    const getter = () => this.#pick([...getters, ...clockGetters])
    return this.#oneOf([
      () => `(${below('int')} ${this.#pick(['+', '-', '*', '/', '%'])} ${below('int')})`,
      () => `-(${below('int')})`,
      () => `int(${below(this.#pick(['string', 'string', 'double', 'int']))})`,
      () => `size(${below(this.#pick(['string', 'list<string>']))})`,
      () => `${below('string')}.size()`,
      () => `${below('string')}.${this.#pick(['indexOf', 'lastIndexOf'])}(${below('string')})`,
      () => `${below('string')}.${this.#pick(['indexOf', 'lastIndexOf'])}(${below('string')}, ${this.#smallOr(below)})`,
      () => `${below('timestamp')}.${getter()}()`,
      () => `${below('timestamp')}.${getter()}('${this.#pick(zones)}')`,
      () => `${below('duration')}.${this.#pick(clockGetters)}()`,
      () => `cluster.labels.size()`,
    ])
  }

  #double(below: (type: Type) => string): string {
    return this.#oneOf([
      () => `(${below('double')} ${this.#pick(['+', '-', '*', '/'])} ${below('double')})`,
      () => `-(${below('double')})`,
      () => `double(${below(this.#pick(['string', 'string', 'int', 'double']))})`,
    ])
  }

  #bool(below: (type: Type) => string, depth: number, scope: Scope): string {
    const comparable = this.#pick<Name>(['string', 'string', 'int', 'double', 'bool', 'timestamp', 'duration'])
    const order = () => this.#pick(['<', '<=', '>', '>='])
    return this.#oneOf([
      () => `(${below(comparable)} ${this.#pick(['==', '!='])} ${below(comparable)})`,
      () => `(${below(comparable)} ${order()} ${below(comparable)})`,
      () => `(${below(this.#pick(['int', 'double']))} ${order()} ${below(this.#pick(['int', 'double']))})`,
      () => `(${below('bool')} ${this.#pick(['&&', '||'])} ${below('bool')})`,
      () => `(${below('bool')} ${this.#pick(['&&', '||'])} ${below('bool')})`,
      () => `!${below('bool')}`,
      () => `${below('string')}.${this.#pick(['startsWith', 'endsWith', 'contains'])}(${below('string')})`,
      () => `${below('string')}.matches(${this.#pattern()})`,
      () => `matches(${below('string')}, ${this.#pattern()})`,
      () => `(${below('string')} in ${this.#pick([below('list<string>'), 'cluster.labels'])})`,
      () => `(${below('double')} in ${below('list<double>')})`,
      () => `(${below(`list<${comparable}>`)} == ${below(`list<${comparable}>`)})`,
      () => this.#quantifier(depth, scope),
      () => this.#quantifier(depth, scope),
      () => this.#quantifier(depth, scope),
    ])
  }

  /** A new variable for the elements of a list; sometimes one that hides another. */
  #variable(scope: Scope): string {
    return this.#random() < 0.1 ? this.#pick(['x0', 'now', 'risks']) : `x${scope.length}`
  }

  #within(scope: Scope, name: string, type: Type): Scope {
    return [...scope.filter((variable) => variable.name !== name), { name, type }]
  }

  #quantifier(depth: number, scope: Scope): string {
    const name = this.#variable(scope)
    const macro = this.#pick(['all', 'exists', 'exists_one'])
    if (this.#random() < 0.15) {
      const body = this.of('bool', depth - 1, this.#within(scope, name, 'string'))
      return `${this.#pick(['cluster.labels', 'namespaceObject.metadata.labels'])}.${macro}(${name}, ${body})`
    }
    const element = this.#pick([
      'string',
      'string',
      'int',
      'double',
      'duration',
      'rule',
      'rule',
      'access',
      'access',
    ] as const)
    const body = this.of('bool', depth - 1, this.#within(scope, name, element))
    return `${this.of(`list<${element}>`, depth - 1, scope)}.${macro}(${name}, ${body})`
  }

  #list(type: `list<${Name | 'rule' | 'access' | 'list<string>'}>`, depth: number, scope: Scope): string {
    const element = type.slice(5, -1) as Type
    if (element === 'rule' || element === 'access') {
      if (this.#random() < 0.6) return this.#leaf(type, scope)
      const name = this.#variable(scope)
      return `${this.#leaf(type, scope)}.filter(${name}, ${this.of('bool', depth - 1, this.#within(scope, name, element))})`
    }
    const below = (of: Type) => this.of(of, depth - 1, scope)
    return this.#oneOf([
      () => this.#leaf(type, scope),
      () => `[${Array.from({ length: Math.floor(this.#random() * 4) }, () => below(element)).join(', ')}]`,
      () => `(${below(type)} + ${below(type)})`,
      () => {
        const name = this.#variable(scope)
        return `${below(type)}.filter(${name}, ${this.of('bool', depth - 1, this.#within(scope, name, element))})`
      },
      () => {
        const [name, from] = [this.#variable(scope), this.#pick(['string', 'int', 'double', 'rule', 'access'] as const)]
        const inner = this.#within(scope, name, from)
        const condition = this.#random() < 0.3 ? `${this.of('bool', depth - 1, inner)}, ` : ''
        return `${below(`list<${from}>`)}.map(${name}, ${condition}${this.of(element, depth - 1, inner)})`
      },
      ...(element === 'string'
        ? [
            () => `${below('string')}.split(${below('string')})`,
            () => `${below('string')}.split(${below('string')}, ${this.#pick(['-1', '0', '1', '2', '3'])})`,
          ]
        : []),
    ])
  }
}

/** Facts whose texts hold everything that texts can hold. */
export function randomFacts(random: () => number): { facts: PolicyFacts; now: Date } {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const some = <T>(items: readonly T[], most: number) =>
    Array.from({ length: Math.floor(random() * most) + 1 }, () => pick(items))
  const now = new Date(Date.UTC(2026, 10, 23, 9) + Math.floor(random() * 1e10))
  const facts: PolicyFacts = {
    submission: {
      namespaces: some(['payments', 'checkout', 'a', 'kube-system'], 3),
      reason: some(texts, 4).join(' '),
      ticket: pick([null, 'OPS-1', '']),
      durationSeconds: pick([60, 1800, 3600, 5400, 86_400]),
      startsAt: pick([null, new Date(now.getTime() + 1500)]),
    },
    entitlement: { name: pick(['payments-restart', 'ä']), approvals: [], clusterRole: pick(['view', undefined]) },
    requester: {
      subject: pick(['alice', '\u212aarl', 'karl']),
      email: pick(['karl@example.com', '\u212aarl@example.com', null]),
      groups: some(texts, 4),
    },
    cluster: {
      name: pick(['prod-eu', 'PROD-eu']),
      labels: pick<Record<string, string>>([{}, { tier: 'prod' }, { tier: 'Prod', Ünïcode: '😀', a: '1' }]),
      namespaces: ['payments', 'checkout', 'a', 'kube-system'].map((name) => ({
        name,
        labels: pick<Record<string, string>>([{}, { team: name }]),
      })),
    },
    rules: Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      verbs: some(['get', 'patch', '*', 'delete'], 3),
      apiGroups: some(['', 'apps', '*'], 2),
      resources: some(['pods', 'pods/exec', 'secrets', '*'], 3),
      ...(random() < 0.5 ? { resourceNames: some(['a', 'web-0'], 2) } : {}),
    })),
    risks: random() < 0.5 ? [] : [{ id: 'exec', severity: 'high' }],
    difference: Array.from({ length: Math.floor(random() * 4) }, () => ({
      verb: pick(['get', 'delete']),
      group: pick(['', 'apps']),
      resource: pick(['pods', 'secrets']),
      name: pick(['', 'a😀']),
      namespace: pick(['payments', 'a']),
    })),
  }
  return { facts, now }
}

/** Random expressions, fifty of them for the same facts. */
export function randomQuestions(count: number, seed: number): Question[] {
  const random = randomFrom(seed)
  const expressions = new Expressions(random)
  let current = randomFacts(random)
  return Array.from({ length: count }, (_, number) => {
    if (number % 50 === 49) current = randomFacts(random)
    return { expression: expressions.any(1 + Math.floor(random() * 4)), ...current }
  })
}
