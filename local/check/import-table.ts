// Which room may import which. `npm run check` compares the code with this table, and CONTRIBUTING.md shows it.
// A room may only name rooms above it in this list, so there is never a circle.

export type Room = {
  /** A folder, or one file. Where two rooms fit a file, the longer name counts. */
  name: string
  /** What it holds, as CONTRIBUTING.md says it. */
  holds: string
  /** Other rooms. `lib/core/*` means every room of core. */
  imports: readonly string[]
  /** Why no others: printed with every breach. */
  why: string
  /** Packages; absent where any will do, except those that `packageOwners` keeps for other rooms. */
  packages?: readonly string[]
  /** `npm start` and the command never load it. */
  isLocal?: true
}

const pure = 'core decides from its arguments alone, so that a reader and a test need nothing else'
const edge = 'an adapter talks to one outside system and makes no decisions about access'
const uses = 'it brings core and the adapters together; the rooms beside it do not depend on each other'
const parts = 'it runs real programs on this machine and knows nothing about the product'
const below = 'the commands and the tests use it, never the other way round'

export const importTable: readonly Room[] = [
  {
    name: 'lib/core/access',
    holds: 'the words: ids, statuses, terms, shapes of the API, errors',
    imports: [],
    why: pure,
    packages: ['zod', 'canonicalize', 'leven', 'temporal-polyfill', 'node:crypto'],
  },
  {
    name: 'lib/core/audit',
    holds: 'the closed list of events, and the filter language of the history',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['zod'],
  },
  {
    name: 'lib/core/signing',
    holds: 'the signed fields of each record, and whether a signature fits',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['canonicalize', 'node:crypto'],
  },
  {
    name: 'lib/core/rbac',
    holds: 'what Kubernetes rules allow, cover and risk; what a pasted text needs',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['yaml'],
  },
  {
    name: 'lib/core/approvals',
    holds: 'who may decide, when a request is decided, how it may be narrowed',
    imports: ['lib/core/access', 'lib/core/rbac'],
    why: pure,
    packages: [],
  },
  {
    name: 'lib/core/guardrails',
    holds: 'the built-in limits, the guardrails of the policy, and the verdict of both',
    imports: ['lib/core/access', 'lib/core/rbac'],
    why: pure,
    packages: ['zod', 'yaml', '@marcbachmann/cel-js', 're2js', 'ical.js', 'temporal-polyfill'],
  },
  {
    name: 'lib/core/grants',
    holds: 'the objects of a grant, whether it may begin, and its next step',
    imports: ['lib/core/access', 'lib/core/rbac', 'lib/core/approvals', 'lib/core/guardrails', 'lib/core/signing'],
    why: pure,
    packages: ['yaml', 'node:crypto', 'node:util'],
  },
  {
    name: 'lib/core/check',
    holds: 'what manifests would allow, judged before they reach a cluster',
    imports: ['lib/core/access', 'lib/core/rbac', 'lib/core/guardrails'],
    why: pure,
    packages: ['zod', 'yaml', 'node:crypto'],
  },
  {
    name: 'lib/env.ts',
    holds: 'the environment: the only reader of `process.env`',
    imports: [],
    why: 'every other room may need it',
  },
  {
    name: 'lib/adapters/outbound.ts',
    holds: 'which addresses this process may call',
    imports: [],
    why: 'every room that opens a connection needs it',
  },
  {
    name: 'lib/observability',
    holds: 'the log, the metrics and the traces of this process',
    imports: ['lib/core/access', 'lib/core/audit', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: 'every adapter writes to it, so it is below them',
  },
  {
    name: 'lib/adapters/policy',
    holds: '`postern.yaml`: read, validate, watch, try out',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/cluster',
    holds: 'the Kubernetes API servers: the only room that knows the client',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/db',
    holds: 'PostgreSQL: the only room that knows Prisma',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/auth',
    holds: 'the identity provider: the only room that knows next-auth; returns an actor',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/outbound.ts',
      'lib/adapters/policy',
      'lib/adapters/db',
    ],
    why: 'a session is a row in the database, and the configuration names the provider; no other room is below it',
  },
  {
    name: 'lib/operations',
    holds: 'one write per file, actor first',
    imports: ['lib/core/*', 'lib/observability', 'lib/adapters/db', 'lib/adapters/policy'],
    why: uses,
  },
  {
    name: 'lib/views',
    holds: 'one question per file, actor first, no writes',
    imports: ['lib/core/*', 'lib/adapters/db', 'lib/adapters/policy'],
    why: uses,
  },
  {
    name: 'lib/worker',
    holds: 'creates, repairs and ends access in the clusters',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/db',
      'lib/adapters/policy',
      'lib/adapters/cluster',
    ],
    why: uses,
  },
  {
    name: 'lib/api',
    holds: 'HTTP: input, answers, headers, rate limits, health',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/db',
      'lib/adapters/policy',
      'lib/adapters/auth',
    ],
    why: uses,
  },
  {
    name: 'components',
    holds: 'what things look like',
    imports: ['lib/core/*'],
    why: 'a component shows what it is handed, so that it can be drawn without a server',
  },
  {
    name: 'app',
    holds: 'URLs: pages, actions and routes',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/auth',
      'lib/operations',
      'lib/views',
      'lib/api',
      'components',
    ],
    why: 'a page asks a view and calls an operation; it never reads the database, the policy file or a cluster itself',
  },
  {
    name: 'proxy.ts',
    holds: 'what every call meets first: headers, the session cookie, no decision',
    imports: ['lib/core/*', 'lib/env.ts', 'lib/adapters/auth', 'lib/api'],
    why: 'it runs before the pages and knows none of them',
  },
  {
    name: 'instrumentation-node.ts',
    holds: 'the start of the process: configuration, traces, worker',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/policy',
      'lib/adapters/auth',
      'lib/operations',
      'lib/worker',
      'lib/api',
    ],
    why: 'it starts everything once and shows nothing',
  },
  {
    name: 'instrumentation.ts',
    holds: 'the start of the process, as Next.js calls it',
    imports: ['lib/observability', 'instrumentation-node.ts'],
    why: 'Next.js also loads it where Node is missing',
  },
  {
    name: 'local/find-node.mjs',
    holds: 'finds the Node that package.json pins',
    imports: [],
    why: 'it runs before any package is installed',
  },
  {
    name: 'cli',
    holds: 'the `postern` command: arguments, files, reports',
    imports: ['lib/core/*', 'lib/adapters/policy', 'local/find-node.mjs'],
    why: 'it works on files and on the API, without a database and without a cluster',
  },
  {
    name: 'prisma',
    holds: 'the schema and the migrations',
    imports: [],
    why: 'a migration runs without the product',
  },
  {
    name: 'local/processes',
    holds: 'processes, ports, locks and folders on this machine',
    imports: [],
    why: parts,
    isLocal: true,
  },
  {
    name: 'local/programs',
    holds: 'the programs that are built or downloaded',
    imports: ['local/processes'],
    why: parts,
    isLocal: true,
  },
  {
    name: 'local/parts',
    holds: 'a PostgreSQL, a cluster, an identity provider, a running Postern',
    imports: ['prisma', 'local/processes', 'local/programs'],
    why: parts,
    isLocal: true,
  },
  {
    name: 'testing',
    holds: 'what tests share: databases, people, requests, a worker',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/*',
      'lib/operations',
      'lib/views',
      'lib/worker',
      'lib/api',
      'local/processes',
      'local/programs',
      'local/parts',
    ],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/docs',
    holds: 'documents that are generated from the code',
    imports: ['lib/core/*'],
    why: 'what it writes down comes from pure code',
    isLocal: true,
  },
  {
    name: 'local/test',
    holds: '`npm test`: runs the suites and reads their reports',
    imports: ['local/processes', 'local/programs', 'local/parts'],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/check',
    holds: '`npm run check`: what can be said without running the product',
    imports: ['local/processes', 'local/programs', 'local/parts'],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/demo',
    holds: '`npm run demo` and `npm run dev`: the company of the demo and its story',
    imports: ['lib/core/*', 'prisma', 'local/processes', 'local/programs', 'local/parts'],
    why: 'the demo uses the product from outside, as a person does',
    isLocal: true,
  },
  {
    name: 'local/bench',
    holds: '`npm run bench`: how long it takes',
    imports: ['lib/core/*', 'local/processes', 'local/programs', 'local/parts'],
    why: 'the bench measures the product from outside',
    isLocal: true,
  },
  {
    name: 'local/chaos',
    holds: '`npm run chaos`: kills, outages, full disks, moved clocks',
    imports: ['lib/core/*', 'testing', 'local/processes', 'local/programs', 'local/parts', 'local/test'],
    why: 'it disturbs the product from outside',
    isLocal: true,
  },
  {
    name: 'local/run.mjs',
    holds: 'the door to every command of this folder',
    imports: ['local/find-node.mjs'],
    why: 'it runs before any package is installed',
    isLocal: true,
  },
  {
    name: 'e2e',
    holds: 'journeys through a browser',
    imports: ['lib/core/*', 'testing', 'local/processes', 'local/programs', 'local/parts'],
    why: 'a journey sees what a person sees',
    isLocal: true,
  },
]

/** Configuration of the tools at the root, which import nothing of ours. */
export const toolConfiguration = /^(next|playwright|postcss|prisma|vitest)\.config\.(ts|js|mjs)$/

/** Packages that one outside system or framework comes with: only these rooms know it. Tests may know everything. */
export const packageOwners: readonly { package: RegExp; rooms: readonly string[]; why: string }[] = [
  {
    package: /^(@prisma\/(client|adapter-pg)|lib\/adapters\/db\/generated)(\/|$)/,
    rooms: ['lib/adapters/db', 'testing'],
    why: 'only lib/adapters/db knows Prisma',
  },
  {
    package: /^pg$/,
    rooms: ['lib/adapters/db', 'prisma', 'testing', 'local/parts', 'local/bench', 'local/chaos'],
    why: 'only lib/adapters/db speaks SQL to the product’s database',
  },
  {
    package: /^@kubernetes\/client-node(\/|$)/,
    rooms: ['lib/adapters/cluster'],
    why: 'only lib/adapters/cluster knows the Kubernetes client',
  },
  { package: /^next-auth(\/|$)/, rooms: ['lib/adapters/auth'], why: 'only lib/adapters/auth knows next-auth' },
  {
    package: /^(next|react|react-dom)(\/|$)/,
    rooms: ['lib/adapters/auth', 'components', 'app', 'proxy.ts', 'instrumentation.ts'],
    why: 'only what answers a browser knows the framework',
  },
  {
    package: /^(pino|prom-client)(\/|$)/,
    rooms: ['lib/observability', 'lib/api'],
    why: 'logs and metrics have one room',
  },
  {
    package: /^@opentelemetry\/(?!api$)/,
    rooms: ['lib/observability'],
    why: 'only lib/observability knows how traces leave the process',
  },
  { package: /^commander$/, rooms: ['cli'], why: 'only the command reads arguments' },
]

/** Of Node itself, core may use these: they compute, and neither wait nor draw random numbers. */
export const pureImports: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['createHash', 'createHmac', 'createSecretKey', 'hash', 'hkdfSync', 'KeyObject', 'timingSafeEqual'],
  'node:util': ['isDeepStrictEqual'],
}
