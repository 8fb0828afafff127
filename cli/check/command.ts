import { readFile, writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type Severity, severities } from '#lib/core/access/severity'
import { applyBaseline, baselineOf, parseBaseline } from '#lib/core/check/baseline'
import { Checker, type CheckOptions } from '#lib/core/check/checker'
import { collect } from '../collect.ts'
import { fileErrorMessage } from '../file-error.ts'
import { policyOption } from '../policy/option.ts'
import { asciiJson, painter, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { targetClusters } from './clusters.ts'
import { githubReport } from './github-report.ts'
import { jsonReport } from './json-report.ts'
import { junitReport } from './junit-report.ts'
import { readPaths } from './read-paths.ts'
import { type CheckResult, exitCodeOf, isFailing } from './result.ts'
import { sarifReport } from './sarif-report.ts'
import { textReport } from './text-report.ts'

const reports = { json: jsonReport, sarif: sarifReport, junit: junitReport, github: githubReport }
const formats = ['text', 'json', 'sarif', 'junit', 'github'] as const

type Options = {
  failOn: Severity
  strict?: true
  format: (typeof formats)[number]
  output?: string
  policy?: string
  cluster: string[]
  clusterLabel: Record<string, string>
  namespace?: string
  roles: string[]
  exclude: string[]
  baseline?: string
  updateBaseline?: true
}

function collectLabel(value: string, previous: Record<string, string>) {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Expected KEY=VALUE.')
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) }
}

/** `postern check`: exits with 0 without findings, 1 with findings, and 2 if some input could not be read. */
export function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description('Check Roles, ClusterRoles and bindings in manifests for risky permissions.')
    .argument(
      '<path...>',
      'files or directories with manifests in YAML or JSON, Helm charts and kustomizations, or - for standard input',
    )
    .addOption(
      new Option('--fail-on <severity>', 'fail if a finding has this severity or a higher one')
        .choices(severities)
        .default('medium'),
    )
    .option('--strict', 'fail if something that may grant permissions was not read')
    .addOption(new Option('--format <format>', 'report format').choices(formats).default('text'))
    .option('--output <file>', 'write the report to a file, and print it as text')
    .addOption(policyOption())
    .addOption(
      new Option('--cluster <name>', 'target cluster in the policy (repeatable)')
        .argParser(collect)
        .default([], 'all clusters'),
    )
    .addOption(
      new Option(
        '--cluster-label <key=value>',
        'label of the target cluster, instead of those in the policy (repeatable)',
      )
        .argParser(collectLabel)
        .default({}, 'none'),
    )
    .option('--namespace <name>', 'namespace of objects that do not specify one')
    .addOption(
      new Option('--roles <path>', 'manifests of existing roles that bindings refer to (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--exclude <glob>',
        'do not read these files and directories, in the syntax of .gitignore (repeatable)',
      )
        .argParser(collect)
        .default([], 'those in .posternignore'),
    )
    .option('--baseline <file>', 'accept the findings in this file')
    .option('--update-baseline', 'write the current findings to the baseline')
    .addHelpText(
      'after',
      '\nExit codes:\n  0  no findings of the --fail-on severity or higher' +
        '\n  1  findings of the --fail-on severity or higher\n  2  some input could not be read or rendered, or with --strict was not read',
    )
    .action(async (paths: string[], options: Options) => {
      const result = await check(paths, options, terminal)
      await report(result, options, terminal)
      terminal.exitCode = options.updateBaseline && exitCodeOf(result) === 1 ? 0 : exitCodeOf(result)
    })
}

/** The guardrails of the policy, if there is one. They take a while to load, so they are only loaded when needed. */
async function policyFor({ policy: path, cluster, clusterLabel }: Options) {
  if (path === undefined) {
    const unused = cluster.length ? '--cluster' : Object.keys(clusterLabel).length ? '--cluster-label' : null
    if (unused) throw new UsageError(`${unused} requires --policy.`)
    return { judgeByPolicy: null, skipped: [], configuredRisks: [] }
  }
  const { loadPolicy } = await import('../policy/load-policy.ts')
  const { guardrailJudge } = await import('#lib/core/check/judge-guardrails')
  const { needsOfCluster, notApplicable } = await import('#lib/core/guardrails/configured/judge-manifest')
  const { compiled, configuration, section } = await loadPolicy(path)
  const needs = configuration ? [] : compiled.map(needsOfCluster)
  const hasLabels = Object.keys(clusterLabel).length > 0
  // Without the facts, such a guardrail would not match, and the check would pass.
  if (needs.some(({ labels, name }) => (labels && !hasLabels) || (name && cluster.length === 0))) {
    const advice = 'Describe the target cluster with --cluster NAME and --cluster-label KEY=VALUE.'
    throw new UsageError(`The policy has guardrails for particular clusters, but no clusters. ${advice}`)
  }
  const clusters = configuration
    ? targetClusters(configuration.clusters, cluster, clusterLabel)
    : (cluster.length ? cluster : ['this']).map((name) => ({ name, labels: clusterLabel }))
  return {
    judgeByPolicy: guardrailJudge(compiled, clusters),
    skipped: notApplicable(compiled),
    configuredRisks: section.risks,
  }
}

async function readBaseline({ baseline, updateBaseline }: Options) {
  if (updateBaseline && baseline === undefined) throw new UsageError('--update-baseline requires --baseline FILE.')
  if (baseline === undefined || updateBaseline) return null
  try {
    return parseBaseline(await readFile(baseline, 'utf8'))
  } catch (error) {
    const isFromSystem = (error as NodeJS.ErrnoException).code !== undefined
    throw new UsageError(`${baseline}: ${isFromSystem ? fileErrorMessage(error) : (error as Error).message}`)
  }
}

async function check(paths: readonly string[], options: Options, { stdin }: Terminal): Promise<CheckResult> {
  const { judgeByPolicy, skipped, configuredRisks } = await policyFor(options)
  const baseline = await readBaseline(options)
  const today = new Date().toISOString().slice(0, 10)
  const namespace = options.namespace ?? null
  const settings: CheckOptions = { namespace, policy: judgeByPolicy, configuredRisks, today }
  const checker = new Checker(settings)
  const addUnreadable = (file: string, message: string) =>
    checker.unreadable.push({ file, line: 0, column: 0, message })
  const reading = { exclude: options.exclude, namespace: options.namespace ?? null }
  for await (const piece of readPaths(options.roles, stdin, reading)) {
    if ('problem' in piece) addUnreadable(piece.file, piece.problem)
    else if ('document' in piece) checker.addExisting(piece.file, piece.document)
  }
  const [rendered, excluded] = [new Set<string>(), [] as string[]]
  for await (const piece of readPaths(paths, stdin, reading)) {
    if ('problem' in piece) addUnreadable(piece.file, piece.problem)
    else if ('excluded' in piece) excluded.push(piece.excluded)
    else {
      if (piece.renderer) rendered.add(piece.file)
      checker.read(piece.file, piece.document, piece.renderer)
    }
  }
  checker.finish()
  const fixed = baseline ? applyBaseline(baseline, checker.findings) : []
  const { findings, unreadable, notRead, installers, objects, documents, otherFiles } = checker
  const known = { findings, unreadable, notRead, installers, objects, documents, otherFiles, rendered, excluded, fixed }
  return { ...known, failOn: options.failOn, isStrict: options.strict === true, skippedGuardrails: skipped }
}

async function report(
  result: CheckResult,
  { format, output, baseline, updateBaseline }: Options,
  { stdout, env }: Terminal,
) {
  const write = async (file: string, text: Iterable<string>) => {
    try {
      await writeFile(file, text)
    } catch (error) {
      throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
    }
  }
  if (updateBaseline && baseline !== undefined) {
    const failing = result.findings.filter((finding) => isFailing(result, finding))
    await write(baseline, [asciiJson(baselineOf(failing))])
  }
  const isText = format === 'text'
  if (output !== undefined) {
    await write(output, isText ? textReport(result, (_, part) => part) : reports[format](result))
  }
  const shown = isText || output !== undefined ? textReport(result, painter(stdout, env)) : reports[format](result)
  for (const part of shown) stdout.write(part)
}
