import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { startTestParts } from '#local/parts/parts'
import { startPostern } from '#local/parts/postern'
import { ensureProductionBuild } from '#local/parts/production-build'
import { checkout } from '#local/processes/places'
import { freePort } from '#local/processes/ports'
import { openRun, stopOnSignals } from '#local/processes/processes'
import { checkRows, measureCheck } from './check.ts'
import { startFloor } from './floor.ts'
import { measureGuardrails } from './guardrails.ts'
import { inboxRows, measureInboxes } from './inboxes.ts'
import { startProduct } from './product.ts'
import { measureScripts } from './scripts.ts'
import { inParallel, percentile } from './statistics.ts'
import { measureTimingLeak, timingLeakRows } from './timing-leak.ts'

// `npm run bench`: measures how much slower than the floor Postern is, on the same servers in the same run, and the size
// of its pages and of an idle replica. Ratios are comparable between machines; milliseconds are not.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    cycles: { type: 'string', default: '240' },
    // `check` measures only `postern check`, which needs no parts, and writes no document.
    only: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const cycles = Number(options.cycles)
const width = 16

const configuration = (facts: {
  url: string
  issuer: string
  clientId: string
  audience: string
  kubeconfig: string
  server: string
}) => {
  const entitlement = (name: string, approvals: unknown[]) => ({
    name,
    title: name,
    who: { groups: ['payments-dev'] },
    clusters: ['prod-eu'],
    namespaces: ['payments'],
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
    duration: { default: 'PT30M', max: 'PT1H' },
    approvals,
  })
  return stringify({
    publicUrl: facts.url,
    identity: { issuer: facts.issuer, clientId: facts.clientId, apiAudience: facts.audience, groupsClaim: 'groups' },
    roles: { auditor: { groups: ['security-audit'] }, admin: { groups: ['platform-admins'] } },
    clusters: [
      {
        ...{ name: 'prod-eu', labels: {}, kubeconfig: { file: facts.kubeconfig }, publicServer: facts.server },
        people: { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
      },
    ],
    entitlements: [entitlement('decided', [{ groups: ['payments-leads'], count: 1 }]), entitlement('automatic', [])],
    pending: { lapseAfter: 'PT24H' },
    // A few people submit as much as a company.
    limits: { openRequestsPerPerson: 100_000, liveGrantsPerPerson: 100_000, submissionsPerMinute: 100_000 },
    guardrails: [],
  })
}

const say = (line: string) => console.log(line)

/** A thousand guardrails on one request. The goal is absolute and only for p50. */
function guardrailRows({ judged, bare }: ReturnType<typeof measureGuardrails>): string[] {
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return ([50, 95] as const).map((p, at) => {
    const [ours, theirs] = [judged[at] ?? Number.NaN, bare[at] ?? Number.NaN]
    const goal = at === 0 ? `≤ 50 ms | ${ours <= 50 ? 'yes' : 'no'}` : ' | '
    return `| one request judged by a thousand guardrails, p${p} | ${ms(ours)} | ${ms(theirs)} | ${(ours / theirs).toFixed(2)} | ${goal} |`
  })
}

const manifests = 10_000
if (options.only === 'check') {
  say(checkRows(await measureCheck(manifests)).join('\n'))
  process.exit(0)
}
await ensureProductionBuild(say)
// Start separate parts: running ones may not sync to disk, and other processes use them.
delete process.env.POSTERN_PARTS
const parts = await startTestParts(say, true)
const run = await openRun({ name: 'bench', say })
run.onStop(parts.stop)
stopOnSignals(run, say)
try {
  const { kubernetes, postgres, identity } = parts
  const cluster = { kubeconfig: kubernetes.posternKubeconfig, server: kubernetes.server }
  const openInboxes = () => measureInboxes(run, (at) => configuration({ ...at, ...cluster }))
  if (options.only === 'inboxes') {
    say(inboxRows(await openInboxes()).join('\n'))
    await run.stop()
    process.exit(0)
  }
  const port = await freePort()
  const directory = join(run.directory, 'postern')
  mkdirSync(directory)
  const postern = await startPostern(run, {
    port,
    directory,
    databaseUrl: postgres.appUrl,
    clientSecret: identity.clientSecret,
    configuration: configuration({
      ...identity,
      url: `http://localhost:${port}`,
      ...cluster,
    }),
  })
  const idleRss = readFileSync(`/proc/${postern.part.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1]
  const product = await startProduct({ url: postern.url, identity, databaseUrl: postgres.appUrl })
  const { users } = JSON.parse(readFileSync(kubernetes.posternKubeconfig, 'utf8')) as {
    users: [{ user: { token: string } }]
  }
  const floor = await startFloor(
    {
      server: kubernetes.server,
      ca: readFileSync(kubernetes.caFile, 'utf8'),
      token: users[0].user.token,
      databaseUrl: postgres.appUrl,
      namespace: 'payments',
    },
    postgres.ownerUrl,
    width,
  )

  say('warming up')
  for (let i = 0; i < 10; i++) {
    const id = `floor-warm-${i}`
    await floor.grant(id)
    await floor.token(id)
    await floor.end(id)
    await floor.cleanUp(id)
    await product.decidedGrant()
  }

  say(`${rounds} previews, floor and Postern in turn`)
  const previews = { floor: [] as number[], product: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    previews.floor.push(await floor.preview())
    previews.product.push(await product.preview())
  }

  say(`${rounds} grants and ends, floor and Postern in turn`)
  const none = (): number[] => []
  const [floorTimes, productTimes] = [
    { grant: none(), end: none() },
    { grant: none(), committedGrant: none(), denied: none(), end: none() },
  ]
  for (let i = 0; i < rounds; i++) {
    const id = `floor-${i}`
    floorTimes.grant.push(await floor.grant(id))
    floorTimes.end.push(await floor.end(id))
    await floor.cleanUp(id)
    const measured = await product.decidedGrant()
    productTimes.grant.push(measured.grantMs)
    productTimes.committedGrant.push(measured.committedGrantMs)
    productTimes.denied.push(measured.deniedMs)
    productTimes.end.push(measured.endMs)
  }

  say(`${cycles} full cycles each, ${width} at a time`)
  // In turn here too, because the other load of the machine varies.
  const blocks = 5
  const each = Math.ceil(cycles / blocks)
  let floorSeconds = 0
  let productSeconds = 0
  for (let block = 0; block < blocks; block++) {
    floorSeconds += await inParallel(each, width, async (i) => {
      const id = `floor-cycle-${block}-${i}`
      await floor.grant(id)
      await floor.token(id)
      await floor.end(id)
      await floor.cleanUp(id)
    })
    productSeconds += await inParallel(each, width, () => product.cycle())
  }

  say(`${rounds} calls each for a request that the caller may not see, and one that does not exist`)
  const timings = await measureTimingLeak({ url: postern.url, identity }, await product.pendingRequest(), rounds)
  await floor.close()
  await product.close()

  say('a thousand open inboxes')
  const inboxes = await openInboxes()

  say('scripts of the pages')
  const scripts = await measureScripts(postern.url)

  say(`postern check of ${manifests} manifests`)
  const check = await measureCheck(manifests)

  const ms = (value: number) => value.toFixed(1)
  const row = (what: string, ours: string, bare: string, ratio: number, goal: string, isMet: boolean) =>
    `| ${what} | ${ours} | ${bare} | ${ratio.toFixed(2)} | ${goal} | ${isMet ? 'yes' : 'no'} |`
  const withGoal = (what: string, ours: number[], bare: number[], p: number, goal: number) => {
    const [a, b] = [percentile(ours, p), percentile(bare, p)]
    return row(`${what}, p${p}`, `${ms(a)} ms`, `${ms(b)} ms`, a / b, `≤ ${goal}`, a / b <= goal)
  }
  const withoutGoal = (what: string, ours: number[], bare: number[], p: number) => {
    const [a, b] = [percentile(ours, p), percentile(bare, p)]
    return `| ${what}, p${p} | ${ms(a)} ms | ${ms(b)} ms | ${(a / b).toFixed(2)} | | |`
  }
  const rates = [(each * blocks) / productSeconds, (each * blocks) / floorSeconds] as const
  const rss = Number(idleRss) / 1024
  const granting = 'decision → *active*, confirmed by the cluster and committed'
  const ending = 'revocation → *ended*, confirmed by the cluster and committed'
  const preview = 'preview with the difference to the requester’s current access'
  const table = [
    '| What | Postern | floor | ratio | goal | met |',
    '|---|---|---|---|---|---|',
    withGoal(granting, productTimes.grant, floorTimes.grant, 50, 1.5),
    withGoal(granting, productTimes.grant, floorTimes.grant, 95, 2.5),
    withoutGoal('… from the commit of the decision', productTimes.committedGrant, floorTimes.grant, 50),
    withGoal(ending, productTimes.end, floorTimes.end, 50, 1.5),
    withoutGoal(ending, productTimes.end, floorTimes.end, 95),
    withoutGoal('… until the cluster’s denial', productTimes.denied, floorTimes.end, 50),
    withoutGoal(preview, previews.product, previews.floor, 50),
    withoutGoal(preview, previews.product, previews.floor, 95),
    row(
      `full cycles per second, ${width} at a time`,
      rates[0].toFixed(1),
      rates[1].toFixed(1),
      rates[0] / rates[1],
      '≥ 0.5',
      rates[0] / rates[1] >= 0.5,
    ),
    '',
    '| CPU time | Postern | bare CEL library | ratio | goal | met |',
    '|---|---|---|---|---|---|',
    ...guardrailRows(measureGuardrails()),
    '',
    '| What | measured | goal | met |',
    '|---|---|---|---|',
    ...scripts.map(
      ({ path, kilobytes }) =>
        `| scripts of \`${path}\`, compressed | ${kilobytes.toFixed(0)} kB | ≤ 240 kB | ${kilobytes <= 240 ? 'yes' : 'no'} |`,
    ),
    ...timingLeakRows(timings),
    ...inboxRows(inboxes),
    ...checkRows(check),
    `| memory of an idle replica (RSS) | ${rss.toFixed(0)} MB | ≤ 300 MB | ${rss <= 300 ? 'yes' : 'no'} |`,
  ].join('\n')
  say(table)
  const cpu = cpus()
  writeFileSync(
    join(checkout, 'docs/benchmarks.md'),
    `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version},
PostgreSQL 18 and Kubernetes 1.37 on the same machine, both syncing each write to disk. ${rounds} rounds, floor and Postern in turn; ${cycles} cycles each.

The floor is a bare script on the same servers in the same run: keep-alive HTTPS and plain SQL, no product code
(\`local/bench/floor.ts\`). Granting: three creates in parallel, one access review, two commits. Ending: delete the binding,
one access review, two commits. A cycle also issues the token and deletes the remaining objects. A preview: one
SelfSubjectRulesReview, then one SubjectAccessReview; Postern makes neither call, because its worker has read the cluster's
roles and bindings before.

Postern's times start at the database's timestamps of the decision and of the revocation. Both are taken before their own
commit and truncated to the millisecond, so the times can be up to 1 ms too long. They stop when a client that listens to
the database receives the notification of the commit that sets *active* or *ended*. The commit of the decision is a third
one, which the floor does not have; the row "from the commit of the decision" leaves it out. *Ended* also waits for the
deletion of the Role and the ServiceAccount, which the floor does not measure; the row "until the cluster's denial" stops
earlier, when access has ended, and before the second commit. Both sides ran while the machine had other work: load
${loadavg()[0]?.toFixed(1)} (of ${cpu.length}) at the end.

Why goals are missed: between the decision and the cluster's answer Postern claims the grant from the queue (a notification
and one statement), judges it a third time and writes names, objects, probes and audit events; *ended* waits for two more
deletions. All of it shares one JavaScript thread with the API. A full cycle also makes three API calls (request,
credential, release), each of which verifies a token and writes events; the floor does none of this. \`docs/status.md\` lists
the duration of each step.

${table}
`,
  )
  await run.stop()
  // The launcher's channel would keep this process alive.
  process.exit(0)
} catch (error) {
  console.error(error)
  await run.stop()
  process.exit(1)
}
