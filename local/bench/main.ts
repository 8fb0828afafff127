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
import { openRun, stopOnSignals, waitUntil } from '#local/processes/processes'
import { checkRows, measureCheck } from './check.ts'
import { type Calls, countCalls, total } from './count-calls.ts'
import { type Floor, startFloor } from './floor.ts'
import { measureGuardrails } from './guardrails.ts'
import { historyRows, measureHistory } from './history.ts'
import { inboxRows, measureInboxes } from './inboxes.ts'
import { loadingRows, measureLoading } from './loading.ts'
import { measureNotices, noticeRows } from './notices.ts'
import { type ProcessorTime, perCycle, plus, processorTime, sum } from './processor-time.ts'
import { startProduct } from './product.ts'
import { startRecordFloor } from './record-floor.ts'
import { measureScripts, scriptRows } from './scripts.ts'
import { inParallel, percentile } from './statistics.ts'
import { measureTimingLeak, timingLeakRows } from './timing-leak.ts'
import { walks } from './walks.ts'

// `npm run bench`: measures how much slower than the floor Postern is, on the same servers in the same run, and the size
// of its pages and of an idle replica. Ratios are comparable between machines; milliseconds are not.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    cycles: { type: 'string', default: '240' },
    // `cycles`, `inboxes`, `notices`, `scripts`, `loading`, `history` or `check`: measures only that, and writes no document. `check`
    // needs no parts.
    only: { type: 'string' },
    // How many events the large history has. Ten million need 15 GB of disk, so only `--only history` measures them.
    events: { type: 'string', default: '10000000' },
    // Measure although the machine has other work. Only ratios and processor times count then.
    busy: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const cycles = Number(options.cycles)
const width = 16
/** Cycles whose statements and calls are counted. */
const counted = 20

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
  return {
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
  }
}

const say = (line: string) => console.log(line)

/** What a cycle costs: these figures hold on any machine, milliseconds of waiting do not. */
function costRows(
  time: { product: ProcessorTime; record: ProcessorTime; floor: ProcessorTime },
  calls: { product: Calls; floor: Calls },
): string[] {
  const programs = [...new Set(Object.values(time).flatMap((times) => Object.keys(times)))].sort()
  const ms = (value = 0) => `${value.toFixed(1)} ms`
  const count = (value: number) => value.toFixed(1)
  const goal = (value: number, most: number) => `≤ ${most} | ${value <= most ? 'yes' : 'no'}`
  const statements = total(calls.product.statements)
  return [
    '| One cycle | Postern | record floor | floor | goal | met |',
    '|---|---|---|---|---|---|',
    `| processor time | ${ms(sum(time.product))} | ${ms(sum(time.record))} | ${ms(sum(time.floor))} | ${goal(sum(time.product), 52)} |`,
    ...programs.map(
      (name) =>
        `| … of \`${name}\` | ${ms(time.product[name])} | ${ms(time.record[name])} | ${ms(time.floor[name])} | | |`,
    ),
    `| statements of Postern | ${count(statements)} | 9 | 4 | ${goal(statements, 11)} |`,
    `| commits that wait for the disk | ${count(calls.product.syncs)} | 6 | ${count(calls.floor.syncs)} | ${goal(calls.product.syncs, 6)} |`,
    `| calls of the API server | ${count(total(calls.product.api))} | ${count(total(calls.floor.api))} | ${count(total(calls.floor.api))} | | |`,
  ]
}

/** A thousand guardrails on one request. The goal is absolute and only for p50. */
function guardrailRows({ judged, bare }: ReturnType<typeof measureGuardrails>): string[] {
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return ([50, 95] as const).map((p, at) => {
    const [ours, theirs] = [judged[at] ?? Number.NaN, bare[at] ?? Number.NaN]
    const goal = at === 0 ? `≤ 50 ms | ${ours <= 50 ? 'yes' : 'no'}` : ' | '
    return `| one request judged by a thousand guardrails, p${p} | ${ms(ours)} | ${ms(theirs)} | ${(ours / theirs).toFixed(2)} | ${goal} |`
  })
}

/** Waiting processes and the one that runs this: other work takes processor time from both sides, and not evenly. */
const mostLoad = 0.5
const loadAtStart = loadavg()[0] ?? 0
if (loadAtStart > mostLoad && !options.busy) {
  say(`the load of this machine is ${loadAtStart.toFixed(1)}, above ${mostLoad}: end other work, or pass --busy`)
  process.exit(1)
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
  const openInboxes = () => measureInboxes(run, (at) => stringify(configuration({ ...at, ...cluster })))
  if (options.only === 'inboxes') {
    say(inboxRows(await openInboxes()).join('\n'))
    await run.stop()
    process.exit(0)
  }
  if (options.only === 'notices') {
    const facts = {
      ...{ identity, databaseUrl: postgres.appUrl },
      configuration: (url: string) => configuration({ ...identity, url, ...cluster }),
    }
    say(noticeRows(await measureNotices(run, facts, rounds)).join('\n'))
    await run.stop()
    process.exit(0)
  }
  if (options.only === 'history') {
    const figures = await measureHistory(
      run,
      Number(options.events),
      rounds,
      (at) => stringify(configuration({ ...at, ...cluster })),
      say,
    )
    say(historyRows(figures).join('\n'))
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
    configuration: stringify(configuration({ ...identity, url: `http://localhost:${port}`, ...cluster })),
  })
  if (options.only === 'scripts') {
    say(scriptRows(await measureScripts(postern.url)).join('\n'))
    await run.stop()
    process.exit(0)
  }
  if (options.only === 'loading') {
    const { pendingRequest, close } = await startProduct({ url: postern.url, identity, databaseUrl: postgres.appUrl })
    for (let i = 0; i < 66; i++) await pendingRequest()
    await close()
    say(loadingRows(await measureLoading(postern.url, { '/access': 'mina', '/inbox': 'priya' })).join('\n'))
    await run.stop()
    process.exit(0)
  }
  const idleRss = readFileSync(`/proc/${postern.part.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1]
  const product = await startProduct({ url: postern.url, identity, databaseUrl: postgres.appUrl })
  const { users } = JSON.parse(readFileSync(kubernetes.posternKubeconfig, 'utf8')) as {
    users: [{ user: { token: string } }]
  }
  const target = {
    server: kubernetes.server,
    ca: readFileSync(kubernetes.caFile, 'utf8'),
    token: users[0].user.token,
    databaseUrl: postgres.appUrl,
    namespace: 'payments',
  }
  const floor = await startFloor(target, postgres.ownerUrl, width)

  const cycleOf = async (of: Floor, id: string) => {
    await of.grant(id)
    await of.token(id)
    await of.end(id)
  }

  say('warming up')
  // The worker reads the cluster first, which takes a while on a busy machine.
  await waitUntil('a preview with the difference', 60_000, async () => (await product.preview()) > 0)
  for (let i = 0; i < 10; i++) {
    await cycleOf(floor, `floor-warm-${i}`)
    await product.decidedGrant()
    await product.cycle()
  }
  // It writes the rows of the last of these cycles.
  const recordFloor = await startRecordFloor(target, postgres.ownerUrl, width, product.token)
  for (let i = 0; i < 10; i++) await cycleOf(recordFloor, `record-warm-${i}`)

  say(`${rounds} previews, floor and Postern in turn`)
  const previews = { floor: [] as number[], product: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    previews.floor.push(await floor.preview())
    previews.product.push(await product.preview())
  }

  say(`${rounds} grants and ends, floor and Postern in turn`)
  const none = (): number[] => []
  const [floorTimes, productTimes] = [
    { grant: none(), denied: none(), end: none() },
    { grant: none(), committedGrant: none(), denied: none(), end: none() },
  ]
  for (let i = 0; i < rounds; i++) {
    const id = `floor-${i}`
    floorTimes.grant.push(await floor.grant(id))
    const ended = await floor.end(id)
    floorTimes.denied.push(ended.deniedMs)
    floorTimes.end.push(ended.endMs)
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
  const measureBlock = async (cycle: (index: number) => Promise<void>) => {
    const before = processorTime(postern.part)
    const seconds = await inParallel(each, width, cycle)
    return { seconds, time: perCycle(before, processorTime(postern.part), each * blocks) }
  }
  let floorCycles = { seconds: 0, time: {} as ProcessorTime }
  let recordCycles = { seconds: 0, time: {} as ProcessorTime }
  let productCycles = { seconds: 0, time: {} as ProcessorTime }
  const add = (a: typeof floorCycles, b: typeof floorCycles) => {
    return { seconds: a.seconds + b.seconds, time: plus(a.time, b.time) }
  }
  for (let block = 0; block < blocks; block++) {
    floorCycles = add(floorCycles, await measureBlock((i) => cycleOf(floor, `floor-cycle-${block}-${i}`)))
    recordCycles = add(recordCycles, await measureBlock((i) => cycleOf(recordFloor, `record-cycle-${block}-${i}`)))
    productCycles = add(productCycles, await measureBlock(() => product.cycle()))
  }

  say(`${counted} cycles whose statements and calls are counted`)
  if (!parts.run) throw new Error('the bench starts its own parts')
  const countedAt = {
    ...{ log: join(parts.run.logs, 'postgres.log'), adminUrl: postgres.adminUrl },
    ...{ server: kubernetes.server, adminKubeconfig: kubernetes.adminKubeconfig },
  }
  const productCalls = await countCalls(countedAt, counted, () => product.cycle())
  let floorCount = 0
  const floorCalls = await countCalls(countedAt, counted, () => cycleOf(floor, `floor-counted-${floorCount++}`))

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
  const [ours, withRecords, bareRate] = [productCycles, recordCycles, floorCycles].map(
    ({ seconds }) => (each * blocks) / seconds,
  ) as [number, number, number]
  const granting = 'decision → *active*, confirmed by the cluster and committed'
  const ending = 'revocation → *ended*, confirmed by the cluster and committed'
  const preview = 'preview with the difference to the requester’s current access'
  const cycleTable = [
    '| What | Postern | floor | ratio | goal | met |',
    '|---|---|---|---|---|---|',
    withGoal(granting, productTimes.grant, floorTimes.grant, 50, 1.5),
    withGoal(granting, productTimes.grant, floorTimes.grant, 95, 2),
    withoutGoal('… from the commit of the decision', productTimes.committedGrant, floorTimes.grant, 50),
    withGoal('revocation → denied by the cluster', productTimes.denied, floorTimes.denied, 50, 1.3),
    withoutGoal('revocation → denied by the cluster', productTimes.denied, floorTimes.denied, 95),
    withGoal(ending, productTimes.end, floorTimes.end, 50, 1.3),
    withoutGoal(ending, productTimes.end, floorTimes.end, 95),
    withoutGoal(preview, previews.product, previews.floor, 50),
    withoutGoal(preview, previews.product, previews.floor, 95),
    row(
      `full cycles per second, ${width} at a time`,
      ours.toFixed(1),
      bareRate.toFixed(1),
      ours / bareRate,
      '≥ 0.45',
      ours / bareRate >= 0.45,
    ),
    row(
      '… beside the record floor',
      ours.toFixed(1),
      withRecords.toFixed(1),
      ours / withRecords,
      '≥ 0.75',
      ours / withRecords >= 0.75,
    ),
    '',
    ...costRows(
      { product: productCycles.time, record: recordCycles.time, floor: floorCycles.time },
      { product: productCalls, floor: floorCalls },
    ),
  ]
  if (options.only === 'cycles') {
    for (const [statement, count] of [...productCalls.statements].sort((a, b) => b[1] - a[1]))
      say(`${count.toFixed(2)}  ${statement}`)
    for (const [call, count] of productCalls.api) say(`${count.toFixed(2)}  ${call}`)
    say(cycleTable.join('\n'))
    await floor.close()
    await recordFloor.close()
    await product.close()
    await run.stop()
    process.exit(0)
  }

  say(`${rounds} calls each for a request that the caller may not see, and one that does not exist`)
  const timings = await measureTimingLeak({ url: postern.url, identity }, await product.pendingRequest(), rounds)
  await floor.close()
  await recordFloor.close()
  await product.close()

  say('a thousand open inboxes')
  const inboxes = await openInboxes()

  say('scripts of the pages')
  const scripts = await measureScripts(postern.url)

  say(`postern check of ${manifests} manifests`)
  const check = await measureCheck(manifests)

  const rss = Number(idleRss) / 1024
  const table = [
    ...cycleTable,
    '',
    '| CPU time | Postern | bare CEL library | ratio | goal | met |',
    '|---|---|---|---|---|---|',
    ...guardrailRows(measureGuardrails()),
    '',
    '| What | measured | goal | met |',
    '|---|---|---|---|',
    ...scriptRows(scripts),
    ...timingLeakRows(timings),
    ...inboxRows(inboxes),
    ...checkRows(check),
    `| memory of an idle replica (RSS) | ${rss.toFixed(0)} MB | ≤ 300 MB | ${rss <= 300 ? 'yes' : 'no'} |`,
    '',
    ...walks,
  ].join('\n')
  say(table)
  const cpu = cpus()
  writeFileSync(
    join(checkout, 'docs/benchmarks.md'),
    `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version},
PostgreSQL 18 and Kubernetes 1.37 on the same machine, both syncing each write to disk. ${rounds} rounds, floor and Postern in turn; ${cycles} cycles each.

Load of the machine (of ${cpu.length} processors): ${loadAtStart.toFixed(1)} at the start, ${loadavg()[0]?.toFixed(1)} at the end.

The floor is a bare script on the same servers in the same run: keep-alive HTTPS and plain SQL, no product code
(\`local/bench/floor.ts\`). Granting: three creates in parallel, one access review, two commits. Denied: a commit, delete the
binding, one access review. Ending: the same, then delete the Role and the ServiceAccount, and a second commit. A cycle also
issues the token. A preview: one SelfSubjectRulesReview, then one SubjectAccessReview; Postern makes neither call, because its
worker has read the cluster's roles and bindings before.

The record floor (\`local/bench/record-floor.ts\`) also writes the rows that a cycle of Postern has written, in tables of the same
columns and indexes, with the same six commits, and is called three times over HTTP, each time with a bearer token and a read of
the caller's record. It judges, signs and verifies nothing.

Postern's times start at the database's timestamps of the decision and of the revocation. Both are taken before their own
commit and truncated to the millisecond, so the times can be up to 1 ms too long. They stop when a client that listens to
the database receives the notification of the commit that sets *active* or *ended*; *denied* is the time at which the worker
had the cluster's answer. The commit of the decision is a third one, which the floor does not have; the row "from the commit of
the decision" leaves it out. *Ended* also reads each deleted object once more, to confirm that it is gone, which the floor does
not.

Processor time is that of all processes, measured with ${width} cycles in flight; \`client\` is this bench. On a machine whose
processors are busy, cycles per second are its inverse. Statements, commits and calls are counted in ${counted} further cycles, one at
a time; the worker's own housekeeping is among them.

Why goals are missed: Postern judges the grant a third time and writes names, objects, probes and audit events. A full cycle
also makes three API calls (request, credential, release), each of which verifies a token and writes events; the floor does
none of this. All of it shares one JavaScript thread. \`docs/status.md\` has more about it.

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
