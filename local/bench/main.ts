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
import { measureNotYours, notYoursRows } from './not-yours.ts'
import { startProduct } from './product.ts'
import { measureScripts } from './scripts.ts'
import { inParallel, percentile } from './statistics.ts'

// `npm run bench`: how much slower than the floor Postern is, on the same servers in the same run, and what a page and
// an idle replica weigh. Ratios are comparable between machines; milliseconds are not.

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    cycles: { type: 'string', default: '240' },
    // `check`: that alone, which needs no parts, and nothing is written down.
    only: { type: 'string' },
  },
})
const rounds = Number(options.rounds)
const cycles = Number(options.cycles)
const width = 16

const configuration = (places: {
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
    publicUrl: places.url,
    identity: { issuer: places.issuer, clientId: places.clientId, apiAudience: places.audience, groupsClaim: 'groups' },
    roles: { auditor: { groups: ['security-audit'] }, admin: { groups: ['platform-admins'] } },
    clusters: [
      {
        ...{ name: 'prod-eu', labels: {}, kubeconfig: { file: places.kubeconfig }, publicServer: places.server },
        people: { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
      },
    ],
    entitlements: [entitlement('decided', [{ groups: ['payments-leads'], count: 1 }]), entitlement('automatic', [])],
    pending: { lapseAfter: 'PT24H' },
    guardrails: [],
  })
}

const say = (line: string) => console.log(line)
/** A thousand guardrails on one request; the goal is in milliseconds, at p50. */
function guardrailRows({ judged, bare }: ReturnType<typeof measureGuardrails>): string[] {
  const ms = (value: number) => `${value.toFixed(1)} ms`
  return ([50, 95] as const).map((p, at) => {
    const [ours, theirs] = [judged[at] ?? Number.NaN, bare[at] ?? Number.NaN]
    const goal = at === 0 ? `≤ 50 ms | ${ours <= 50 ? 'yes' : 'no'}` : ' | '
    return `| a thousand guardrails judge one request, p${p} | ${ms(ours)} | ${ms(theirs)} | ${(ours / theirs).toFixed(2)} | ${goal} |`
  })
}

const manifests = 10_000
if (options.only === 'check') {
  say(checkRows(await measureCheck(manifests)).join('\n'))
  process.exit(0)
}
await ensureProductionBuild(say)
// Parts that run already may not wait for the disk, and others use them.
delete process.env.POSTERN_PARTS
const parts = await startTestParts(say, true)
const run = await openRun({ name: 'bench', say })
run.onStop(parts.stop)
stopOnSignals(run, say)
try {
  const { kubernetes, postgres, identity } = parts
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
      kubeconfig: kubernetes.posternKubeconfig,
      server: kubernetes.server,
    }),
  })
  const idle = readFileSync(`/proc/${postern.part.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)?.[1]
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
  const times = { floorGrant: none(), floorEnd: none(), grant: none(), heardGrant: none(), denied: none(), end: none() }
  for (let i = 0; i < rounds; i++) {
    const id = `floor-${i}`
    times.floorGrant.push(await floor.grant(id))
    times.floorEnd.push(await floor.end(id))
    await floor.cleanUp(id)
    const measured = await product.decidedGrant()
    times.grant.push(measured.grantMs)
    times.heardGrant.push(measured.heardGrantMs)
    times.denied.push(measured.deniedMs)
    times.end.push(measured.endMs)
  }

  say(`${cycles} full cycles each, ${width} at a time`)
  // In turn here too: what else the machine does changes from one second to the next.
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

  say(`${rounds} times what is not yours, and what is not there`)
  const told = await measureNotYours({ url: postern.url, identity }, await product.pendingRequest(), rounds)
  await floor.close()
  await product.close()

  say('what pages load')
  const scripts = await measureScripts(postern.url)

  say(`${manifests} manifests`)
  const check = await measureCheck(manifests)

  const ms = (value: number) => value.toFixed(1)
  const row = (what: string, ours: string, bare: string, ratio: number, goal: string, holds: boolean) =>
    `| ${what} | ${ours} | ${bare} | ${ratio.toFixed(2)} | ${goal} | ${holds ? 'yes' : 'no'} |`
  const compare = (what: string, ours: number[], bare: number[], p: number, goal: number) => {
    const [a, b] = [percentile(ours, p), percentile(bare, p)]
    return row(`${what}, p${p}`, `${ms(a)} ms`, `${ms(b)} ms`, a / b, `≤ ${goal}`, a / b <= goal)
  }
  const tell = (what: string, ours: number[], bare: number[], p: number) => {
    const [a, b] = [percentile(ours, p), percentile(bare, p)]
    return `| ${what}, p${p} | ${ms(a)} ms | ${ms(b)} ms | ${(a / b).toFixed(2)} | | |`
  }
  const rates = [(each * blocks) / productSeconds, (each * blocks) / floorSeconds] as const
  const rss = Number(idle) / 1024
  const table = [
    '| What | Postern | floor | ratio | goal | holds |',
    '|---|---|---|---|---|---|',
    compare('decision → cluster says allowed', times.grant, times.floorGrant, 50, 1.5),
    compare('decision → cluster says allowed', times.grant, times.floorGrant, 95, 2.5),
    tell('… from the commit of the decision', times.heardGrant, times.floorGrant, 50),
    compare('revocation → *ended*, proven and committed', times.end, times.floorEnd, 50, 1.5),
    tell('revocation → *ended*, proven and committed', times.end, times.floorEnd, 95),
    tell('… until the cluster has said denied', times.denied, times.floorEnd, 50),
    tell('preview with the difference to what the requester can do', previews.product, previews.floor, 50),
    tell('preview with the difference to what the requester can do', previews.product, previews.floor, 95),
    row(
      `full cycles each second, ${width} at a time`,
      rates[0].toFixed(1),
      rates[1].toFixed(1),
      rates[0] / rates[1],
      '≥ 0.5',
      rates[0] / rates[1] >= 0.5,
    ),
    '',
    '| Of the processor | Postern | bare CEL library | ratio | goal | holds |',
    '|---|---|---|---|---|---|',
    ...guardrailRows(measureGuardrails()),
    '',
    '| What | seen | goal | holds |',
    '|---|---|---|---|',
    ...scripts.map(
      ({ path, kilobytes }) =>
        `| scripts of \`${path}\`, compressed | ${kilobytes.toFixed(0)} kB | ≤ 240 kB | ${kilobytes <= 240 ? 'yes' : 'no'} |`,
    ),
    ...notYoursRows(told),
    ...checkRows(check),
    `| memory of an idle replica (RSS) | ${rss.toFixed(0)} MB | ≤ 300 MB | ${rss <= 300 ? 'yes' : 'no'} |`,
  ].join('\n')
  say(table)
  const cpu = cpus()
  writeFileSync(
    join(checkout, 'docs/benchmarks.md'),
    `# Benchmarks

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version},
PostgreSQL 18 and Kubernetes 1.37 on the same machine, both waiting for the disk. ${rounds} rounds, floor and Postern in turn; ${cycles} cycles each.

The floor is a bare script on the same servers in the same run: keep-alive HTTPS and plain SQL, no product code
(\`local/bench/floor.ts\`). Granting: three creates in parallel, one access review, two commits. Ending: delete the binding, one
access review, two commits. A cycle adds the token and the removal of the rest. A preview: one SelfSubjectRulesReview and one
SubjectAccessReview, one after the other; Postern asks the cluster neither, and answers from what its worker read.

Postern's times begin with what the database's clock recorded for the decision and for the wish to end, both taken before
their own commit (cut to the millisecond, so up to 1 ms is counted too much), and end when a client that listens to the
database hears of the commit that says *active* or *ended*. The commit of the decision is a third one, which the floor
does not have: the row "from the commit of the decision" leaves it out. *Ended* also waits until the Role and the
ServiceAccount are gone, which the floor's end leaves to its clean-up: the row "until the cluster has said denied" ends
before, when access is over, and also before the second commit. Both sides ran while the machine had other work:
load ${loadavg()[0]?.toFixed(1)} (of ${cpu.length}) at the end.

Where a goal is missed. Between the decision and the cluster's answer Postern takes the grant from the queue (a
notification and one statement), judges it a third time and writes names, objects, proofs and audit events; *ended* waits
for two more removals. All of it shares one JavaScript thread with the API that was called. A full cycle is three calls of
that API besides (ask, credential, release), each with a token to verify and events to write; the bare client has none of
this. \`docs/status.md\` says which step takes how long.

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
