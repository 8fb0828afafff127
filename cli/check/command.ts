import { readFile, writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Severity, severities } from '#lib/core/access/severity'
import { applyBaseline, baselineOf, parseBaseline } from '#lib/core/check/baseline'
import { Checker, type CheckOptions } from '#lib/core/check/checker'
import { policyOption } from '../policy/option.ts'
import { asciiJson, painter, type Terminal } from '../terminal.ts'
import { UnusableFile } from '../unusable-file.ts'
import { whyNot } from '../why-not.ts'
import { clustersMeant } from './clusters.ts'
import { jsonReport } from './json-report.ts'
import { junitReport } from './junit-report.ts'
import { readPaths } from './read-paths.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'
import { sarifReport } from './sarif-report.ts'
import { textReport } from './text-report.ts'

const reports = { json: jsonReport, sarif: sarifReport, junit: junitReport }
const formats = ['text', 'json', 'sarif', 'junit'] as const

type Options = {
  failOn: Severity
  format: (typeof formats)[number]
  output?: string
  policy?: string
  cluster: string[]
  clusterLabel: Record<string, string>
  namespace?: string
  roles: string[]
  baseline?: string
  updateBaseline?: true
}

const collect = (value: string, previous: string[]) => [...previous, value]

function collectLabel(value: string, previous: Record<string, string>) {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('A label is KEY=VALUE.')
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) }
}

/** `postern check`: exit code 0 where nothing was found, 1 where something was, 2 where something could not be read. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('Judge every Role, ClusterRole and binding in manifests, before they reach a cluster.')
    .argument('<path...>', 'files, folders, or - for standard input: YAML or JSON, as kubectl takes it')
    .addOption(
      new Option('--fail-on <severity>', 'fail on findings as grave as this').choices(severities).default('medium'),
    )
    .addOption(new Option('--format <format>', 'how to report').choices(formats).default('text'))
    .option('--output <file>', 'write the report there, and text to the terminal')
    .addOption(policyOption())
    .option('--cluster <name>', 'a cluster of the policy that this is for; else all of them (repeatable)', collect, [])
    .option(
      '--cluster-label <key=value>',
      'labels of the cluster, instead of those of the policy (repeatable)',
      collectLabel,
      {},
    )
    .option('--namespace <name>', 'the namespace of objects that name none')
    .option('--roles <path>', 'roles that are there already: bindings may name them (repeatable)', collect, [])
    .option('--baseline <file>', 'findings that are known: only others count')
    .option('--update-baseline', 'write what is found now into the baseline')
    .action(async (paths: string[], options: Options) => {
      const result = await check(paths, options, terminal)
      await report(result, options, terminal)
      terminal.exitCode = options.updateBaseline && exitCodeOf(result) === 1 ? 0 : exitCodeOf(result)
    })
}

/** What of a policy counts here, and what of it cannot. What judges by it takes time to load, so it is loaded when needed. */
async function policyFor({ policy: path, cluster, clusterLabel }: Options) {
  if (path === undefined) {
    const unused = cluster.length ? '--cluster' : Object.keys(clusterLabel).length ? '--cluster-label' : null
    if (unused) throw new UnusableFile(`${unused} needs a policy: name it with --policy.`)
    return { policy: null, unjudged: [] }
  }
  const { loadPolicy } = await import('../policy/load-policy.ts')
  const { guardrailJudge, neverJudged } = await import('#lib/core/check/judge-guardrails')
  const { compiled, configuration } = await loadPolicy(path)
  const clusters = clustersMeant(configuration.clusters, cluster, clusterLabel)
  return { policy: guardrailJudge(compiled, clusters), unjudged: neverJudged(compiled) }
}

async function readBaseline({ baseline, updateBaseline }: Options) {
  if (updateBaseline && baseline === undefined) throw new UnusableFile('--update-baseline needs --baseline FILE.')
  if (baseline === undefined || updateBaseline) return null
  try {
    return parseBaseline(await readFile(baseline, 'utf8'))
  } catch (error) {
    const isFromSystem = (error as NodeJS.ErrnoException).code !== undefined
    throw new UnusableFile(`${baseline} ${isFromSystem ? whyNot(error) : (error as Error).message}`)
  }
}

async function check(paths: readonly string[], options: Options, { stdin }: Terminal): Promise<CheckResult> {
  const { policy, unjudged } = await policyFor(options)
  const baseline = await readBaseline(options)
  const today = new Date().toISOString().slice(0, 10)
  const settings: CheckOptions = { namespace: options.namespace ?? null, policy, today }
  const checker = new Checker(settings)
  const cannot = (file: string, message: string) => checker.unreadable.push({ file, line: 0, column: 0, message })
  for await (const piece of readPaths(options.roles, stdin)) {
    if ('problem' in piece) cannot(piece.file, piece.problem)
    else checker.know(piece.file, piece.document)
  }
  for await (const piece of readPaths(paths, stdin)) {
    if ('problem' in piece) cannot(piece.file, piece.problem)
    else checker.read(piece.file, piece.document)
  }
  checker.finish()
  const mended = baseline ? applyBaseline(baseline, checker.findings) : []
  const { findings, unreadable, objects, documents } = checker
  return { findings, unreadable, objects, documents, failOn: options.failOn, neverJudged: unjudged, mended }
}

async function report(
  result: CheckResult,
  { format, output, baseline, updateBaseline }: Options,
  { stdout }: Terminal,
) {
  const write = async (file: string, text: string) => {
    try {
      await writeFile(file, text)
    } catch (error) {
      throw new UnusableFile(`${file} cannot be written (${(error as NodeJS.ErrnoException).code})`)
    }
  }
  if (updateBaseline && baseline !== undefined) {
    await write(baseline, asciiJson(baselineOf(result.findings.filter((finding) => isFailing(result, finding)))))
  }
  const isText = format === 'text'
  if (output !== undefined) {
    const text = isText ? [...textReport(result, (_, part) => part)].join('') : reports[format](result)
    await write(output, text)
  }
  if (isText || output !== undefined) {
    for (const part of textReport(result, painter(stdout))) stdout.write(part)
  } else stdout.write(reports[format](result))
}
