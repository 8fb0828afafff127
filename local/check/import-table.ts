// The rooms and their allowed imports. `npm run check` compares the code and CONTRIBUTING.md with this table.
// A room may import only rooms above it in this list, so there are no cycles.

export type Room = {
  /** A folder or a file. If a file is in two rooms, the longer name counts. */
  name: string
  /** Its contents, as CONTRIBUTING.md describes them. */
  holds: string
  /** Other rooms that it may import. `lib/core/*` means every room of core. */
  imports: readonly string[]
  /** The reason for the limit, which is printed with every breach. */
  why: string
  /** The packages that it may import; absent if all are allowed, except those in `packageOwners`. */
  packages?: readonly string[]
  /** Never loaded by `npm start` or by the command. */
  isLocal?: true
}

const pure = 'core decides from its arguments alone, so that a reader and a test need nothing else'
const edge = 'an adapter talks to one outside system and makes no decisions about access'
const uses = 'it combines core and the adapters; operations, views, worker and api do not depend on each other'
const parts = 'it runs real programs on this machine and knows nothing about the product'
const below = 'commands and tests use it, never the other way round'

export const importTable: readonly Room[] = [
  {
    name: 'lib/core/access',
    holds: 'the vocabulary: ids, statuses, terms, API schemas, errors',
    imports: [],
    why: pure,
    packages: ['zod', 'canonicalize', 'leven', 'temporal-polyfill', 'node:crypto'],
  },
  {
    name: 'lib/core/audit',
    holds: 'the list of events, and the filter language of the history',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['zod', 'chrono-node', 'temporal-polyfill'],
  },
  {
    name: 'lib/core/signing',
    holds: 'the signed fields of each record, and the verification of signatures',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['canonicalize', 'node:crypto'],
  },
  {
    name: 'lib/core/log',
    holds: 'the verifiable log of events: its leaves, its Merkle tree, its checkpoints, and how they are verified',
    imports: [],
    why: pure,
    packages: ['zod', 'canonicalize', 'node:crypto'],
  },
  {
    name: 'lib/core/rbac',
    holds: 'Kubernetes RBAC: what rules allow, cover and risk, and which ones a pasted text needs',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['yaml'],
  },
  {
    name: 'lib/core/approvals',
    holds: 'who may decide, when a request is decided, and how it may be narrowed',
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
    packages: ['yaml', 'zod', 'node:crypto', 'node:util'],
  },
  {
    name: 'lib/core/admission',
    holds: 'the guardrails as admission policies of the API server, and how installed ones differ from them',
    imports: ['lib/core/access', 'lib/core/guardrails', 'lib/core/grants'],
    why: pure,
    packages: ['zod', 'node:util'],
  },
  {
    name: 'lib/core/activity',
    holds: 'the calls that API servers report: which are kept, which grant each belongs to, and which are suspicious',
    imports: ['lib/core/access'],
    why: pure,
    packages: ['zod', 'node:crypto'],
  },
  {
    name: 'lib/core/notices',
    holds: 'who is notified of what, and how a notice reads in each channel',
    imports: ['lib/core/access', 'lib/core/approvals'],
    why: pure,
    packages: [],
  },
  {
    name: 'lib/core/evidence',
    holds: 'the evidence pack: its files, its report, and how they are verified',
    imports: ['lib/core/access', 'lib/core/audit', 'lib/core/log', 'lib/core/rbac'],
    why: pure,
    packages: ['zod', 'canonicalize', 'node:crypto'],
  },
  {
    name: 'lib/core/check',
    holds: 'findings in manifests before they reach a cluster',
    imports: ['lib/core/access', 'lib/core/rbac', 'lib/core/guardrails'],
    why: pure,
    packages: ['zod', 'yaml', 'node:crypto'],
  },
  {
    name: 'lib/api-client',
    holds: 'what programs read of the API, and the tools of AI agents that call it',
    imports: ['lib/core/*'],
    why: 'the command calls the API over the network, and the server itself for agents that call it by HTTP',
    packages: ['zod', '@modelcontextprotocol/server'],
  },
  {
    name: 'package.json',
    holds: 'the version',
    imports: [],
    why: 'it is data',
  },
  {
    name: 'lib/env.ts',
    holds: 'the environment: the only reader of `process.env`',
    imports: [],
    why: 'every other room may need it',
  },
  {
    name: 'lib/adapters/outbound.ts',
    holds: 'the addresses that this process may call',
    imports: [],
    why: 'every room that opens a connection needs it',
  },
  {
    name: 'lib/adapters/in-thread.ts',
    holds: 'work on untrusted text in a thread with limits',
    imports: [],
    why: 'every room that reads untrusted text with a library may need it',
  },
  {
    name: 'lib/observability',
    holds: 'the log, the metrics and the traces of this process',
    imports: ['lib/core/access', 'lib/core/audit', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: 'every adapter writes to it, so it is below them',
  },
  {
    name: 'lib/adapters/policy',
    holds: '`postern.yaml`: reads, validates, watches and tries out the policy',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts', 'lib/adapters/in-thread.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/cluster',
    holds: 'the Kubernetes API servers; the only room that knows the client',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/db',
    holds: 'PostgreSQL; the only room that knows Prisma',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/channels',
    holds: 'mail, webhook and chat: sends one notice over one channel, and a checkpoint to an anchor',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/rotas',
    holds: 'schedules and calendars: reads who is on call from one source outside of Postern',
    imports: ['lib/core/*', 'lib/observability', 'lib/env.ts', 'lib/adapters/outbound.ts', 'lib/adapters/in-thread.ts'],
    why: edge,
  },
  {
    name: 'lib/adapters/auth',
    holds: 'the identity provider; the only room that knows next-auth; returns an actor',
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
    holds: 'one write per file; the actor is the first argument',
    imports: ['lib/core/*', 'lib/observability', 'lib/adapters/db', 'lib/adapters/policy'],
    why: uses,
  },
  {
    name: 'lib/views',
    holds: 'one read per file; the actor is the first argument',
    imports: ['lib/core/*', 'package.json', 'lib/adapters/db', 'lib/adapters/policy'],
    why: uses,
  },
  {
    name: 'lib/worker',
    holds: 'creates, repairs and ends access in the clusters, and notifies people',
    imports: [
      'lib/core/*',
      'lib/observability',
      'lib/env.ts',
      'lib/adapters/db',
      'lib/adapters/policy',
      'lib/adapters/channels',
      'lib/adapters/rotas',
      'lib/adapters/cluster',
    ],
    why: uses,
  },
  {
    name: 'lib/api',
    holds: 'HTTP: input, responses, headers, rate limits, health',
    imports: [
      'lib/core/*',
      'lib/api-client',
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
    holds: 'React components',
    imports: ['lib/core/*'],
    why: 'a component renders its props, so that it can be rendered without a server',
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
    why: 'a page calls views and operations; it never reads the database, the policy file or a cluster itself',
  },
  {
    name: 'proxy.ts',
    holds: 'the first step of every call: headers and the session cookie, no decisions',
    imports: ['lib/core/*', 'lib/env.ts', 'lib/adapters/auth', 'lib/api'],
    why: 'it runs before the pages and knows nothing about them',
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
      'app',
    ],
    why: 'it starts everything once and renders nothing',
  },
  {
    name: 'instrumentation.ts',
    holds: 'the start of the process, as Next.js calls it',
    imports: ['lib/observability', 'instrumentation-node.ts'],
    why: 'Next.js also loads it outside Node.js',
  },
  {
    name: 'local/find-node.mjs',
    holds: 'finds the Node.js that package.json pins',
    imports: [],
    why: 'it runs before any package is installed',
  },
  {
    name: 'cli',
    holds: 'the `postern` command: arguments, files, reports',
    imports: ['lib/core/*', 'lib/api-client', 'lib/adapters/policy', 'local/find-node.mjs'],
    why: 'it works on files, on the API and through kubectl, without a database',
  },
  {
    name: 'deploy/image',
    holds: 'the command of the image: starts the server, the migration or the `postern` command',
    imports: [],
    why: 'it starts files that exist only in the image',
  },
  {
    name: 'public',
    holds: 'files for browsers: the service worker of notifications, and icons',
    imports: [],
    why: 'they are served as they are',
    packages: [],
  },
  {
    name: 'prisma',
    holds: 'the schema and the migrations',
    imports: [],
    why: 'a migration runs without the product',
  },
  {
    name: 'local/processes',
    holds: 'processes, ports, locks and directories on this machine',
    imports: [],
    why: parts,
    isLocal: true,
  },
  {
    name: 'local/programs',
    holds: 'programs that are built or downloaded',
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
    name: 'local/node',
    holds: 'a real node for a cluster on this machine: kubelet, containers, a pod network',
    imports: ['local/processes', 'local/programs', 'local/parts'],
    why: parts,
    isLocal: true,
  },
  {
    name: 'local/deploy',
    holds: '`npm run manifests`: renders the chart in deploy',
    imports: ['local/processes', 'local/programs'],
    why: below,
    isLocal: true,
  },
  {
    name: 'testing',
    holds: 'shared test code: databases, people, requests, a worker',
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
    name: 'local/package',
    holds: 'builds the npm package and the single executables of the command',
    imports: [],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/image',
    holds: '`npm run image`: the image of Postern, and the list of its packages',
    imports: ['local/processes', 'local/programs', 'local/parts', 'local/package'],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/docs',
    holds: 'generators of documents',
    imports: ['lib/core/*', 'cli'],
    why: 'it documents pure code and the help of the command',
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
    holds: '`npm run check`: checks that need no running product',
    imports: ['local/processes', 'local/programs', 'local/parts'],
    why: below,
    isLocal: true,
  },
  {
    name: 'local/demo',
    holds: '`npm run demo` and `npm run dev`: the example company and its story',
    imports: ['lib/core/*', 'prisma', 'local/processes', 'local/programs', 'local/parts'],
    why: 'the demo uses the product from outside, as a person does',
    isLocal: true,
  },
  {
    name: 'local/bench',
    holds: '`npm run bench`: measures speed and size',
    imports: ['lib/core/*', 'local/processes', 'local/programs', 'local/parts'],
    why: 'the bench measures the product from outside',
    isLocal: true,
  },
  {
    name: 'local/chaos',
    holds: '`npm run chaos`: kills, outages, full disks, shifted clocks',
    imports: ['lib/core/*', 'testing', 'local/processes', 'local/programs', 'local/parts', 'local/test'],
    why: 'it disturbs the product from outside',
    isLocal: true,
  },
  {
    name: 'local/run.mjs',
    holds: 'the launcher of every command in `local`',
    imports: ['local/find-node.mjs'],
    why: 'it runs before any package is installed',
    isLocal: true,
  },
  {
    name: 'e2e',
    holds: 'browser tests',
    imports: ['lib/core/*', 'testing', 'local/processes', 'local/programs', 'local/parts'],
    why: 'a browser test uses the product as a person does',
    isLocal: true,
  },
]

/** Configuration files of tools at the root, which import nothing from this repository. */
export const toolConfiguration = /^(next|playwright|postcss|prisma|vitest)\.config\.(ts|js|mjs)$/

/** Packages of an outside system or framework, each with the only rooms that may import it. Tests may import all. */
export const packageOwners: readonly { package: RegExp; rooms: readonly string[]; why: string }[] = [
  {
    package: /^(@prisma\/(client|adapter-pg)|lib\/adapters\/db\/generated)(\/|$)/,
    rooms: ['lib/adapters/db', 'testing'],
    why: 'only lib/adapters/db knows Prisma',
  },
  {
    package: /^pg$/,
    rooms: ['lib/adapters/db', 'prisma', 'testing', 'local/parts', 'local/bench', 'local/chaos'],
    why: 'only lib/adapters/db sends SQL to the product’s database',
  },
  {
    package: /^@kubernetes\/client-node(\/|$)/,
    rooms: ['lib/adapters/cluster'],
    why: 'only lib/adapters/cluster knows the Kubernetes client',
  },
  {
    package: /^(nodemailer|standardwebhooks|web-push)(\/|$)/,
    rooms: ['lib/adapters/channels', 'testing'],
    why: 'only lib/adapters/channels sends notices',
  },
  { package: /^next-auth(\/|$)/, rooms: ['lib/adapters/auth'], why: 'only lib/adapters/auth knows next-auth' },
  {
    package: /^(next|react|react-dom)(\/|$)/,
    rooms: ['lib/adapters/auth', 'components', 'app', 'proxy.ts', 'instrumentation.ts'],
    why: 'only code that renders for a browser knows the framework',
  },
  {
    package: /^(pino|prom-client)(\/|$)/,
    rooms: ['lib/observability', 'lib/api'],
    why: 'logs and metrics are in one room',
  },
  {
    package: /^@opentelemetry\/(?!api$)/,
    rooms: ['lib/observability'],
    why: 'only lib/observability exports traces',
  },
  { package: /^commander$/, rooms: ['cli'], why: 'only the command parses arguments' },
  { package: /^get-east-asian-width$/, rooms: ['cli'], why: 'only the command draws on a terminal' },
  { package: /^@xterm\/headless$/, rooms: ['testing'], why: 'only testing/pseudo-terminal.ts is a terminal' },
  { package: /^yazl$/, rooms: ['lib/api', 'testing'], why: 'only lib/api writes files for a download' },
  { package: /^yauzl$/, rooms: ['cli', 'testing'], why: 'only the command reads a zip' },
]

/** The functions of Node.js that core may use: pure computations without waiting or randomness. */
export const pureImports: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': [
    ...[
      'createHash',
      'createHmac',
      'createPrivateKey',
      'createPublicKey',
      'createSecretKey',
      'hash',
      'hkdfSync',
      'KeyObject',
    ],
    ...['sign', 'timingSafeEqual', 'verify'],
  ],
  'node:util': ['isDeepStrictEqual'],
}
