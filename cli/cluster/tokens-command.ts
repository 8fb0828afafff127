import { Command, Option } from 'commander'
import { line, type OutputFormat, outputOption, print, tableOf } from '../output.ts'
import { plural, type Terminal } from '../terminal.ts'
import { contextOption, daysBetween, kubeconfigOption } from './options.ts'
import { labels, readTokenSecrets, type TokenSecret } from './token-secrets.ts'

type Options = { kubeconfig?: string; context?: string; olderThan: number; output: OutputFormat }

const dayMs = 86_400_000

const ageOf = ({ createdAt }: TokenSecret, now: Date) => Math.floor((now.getTime() - Date.parse(createdAt)) / dayMs)

const usedBy = ({ pods }: TokenSecret) =>
  pods.length > 0 ? `${pods.slice(0, 2).join(', ')}${pods.length > 2 ? ` and ${pods.length - 2} more` : ''}` : 'no pod'

function adviceOn({ namespace, name, serviceAccount, pods, invalidSince }: TokenSecret, today: string): string[] {
  const of = `--namespace=${line(namespace)}`
  const [secret, account] = [line(name), line(serviceAccount)]
  const instead =
    pods.length > 0
      ? `give the pods a projected volume with a serviceAccountToken in place of the Secret`
      : `give its users short-lived tokens: kubectl create token ${account} ${of} --duration=1h`
  return [
    `${line(namespace)}/${secret}`,
    ...(invalidSince
      ? []
      : [
          `  1. ${instead}`,
          `  2. kubectl label secret ${secret} ${of} ${labels.invalidSince}=${today}`,
          `     The API server now refuses the token. To undo it, label it ${labels.invalidSince}-`,
        ]),
    `  ${invalidSince ? '' : '3. once nothing misses it: '}kubectl delete secret ${secret} ${of}`,
  ]
}

function reportOf(
  secrets: readonly TokenSecret[],
  old: readonly TokenSecret[],
  { olderThan }: Options,
  now: Date,
): string {
  if (secrets.length === 0) return 'No Secret of this cluster holds a token of a ServiceAccount.\n'
  const table = tableOf(
    ['SECRET', 'SERVICEACCOUNT', 'AGE', 'LAST USED', 'USED BY', 'STATE'],
    secrets.map((one) => [
      `${one.namespace}/${one.name}`,
      one.serviceAccount,
      plural(ageOf(one, now), 'day'),
      one.lastUsedOn ?? 'unknown',
      usedBy(one),
      one.invalidSince ? `refused since ${one.invalidSince}` : 'accepted',
    ]),
  )
  if (old.length === 0) return `${table}\nNone is older than ${plural(olderThan, 'day')}.\n`
  const advice = old.flatMap((one) => ['', ...adviceOn(one, now.toISOString().slice(0, 10))])
  const head = `\n${plural(old.length, 'token')} of more than ${plural(olderThan, 'day')}. They never expire. Replace each one, then remove it:\n`
  return `${table}${head}${advice.join('\n')}\n`
}

/** `postern cluster tokens`: exits with 1 if there are old ones, so that a scheduled job can tell someone. */
export function tokensCommand(terminal: Terminal): Command {
  return new Command('tokens')
    .description(
      'List the tokens of ServiceAccounts that never expire, because a Secret holds them, and say how to remove each. ' +
        'It uses your own administrator’s kubeconfig and reads no token.',
    )
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .addOption(
      new Option('--older-than <days>', 'the age from which a token should be removed')
        .argParser(daysBetween(0, 3650))
        .default(30, '30d'),
    )
    .addOption(outputOption())
    .action(async (options: Options) => {
      const now = new Date()
      const secrets = await readTokenSecrets(options)
      const old = secrets.filter((one) => ageOf(one, now) >= options.olderThan)
      await print(terminal, options.output, {
        data: { secrets: secrets.map((one) => ({ ...one, isOld: old.includes(one) })) },
        names: secrets.map(({ namespace, name }) => `${namespace}/${name}`),
        text: () => reportOf(secrets, old, options, now),
      })
      if (old.length > 0) terminal.exitCode = 1
    })
}
