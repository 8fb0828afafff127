import { Command } from 'commander'
import { visible } from '#lib/core/access/visible-text'
import { instanceOf, labels, managedBy } from '#lib/core/grants/names'
import { serverOrigin } from '../server/address.ts'
import { plural, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { kubectl, type Target } from './kubectl.ts'
import { account, asYaml, type KubernetesObject, namespacedRoles, publishedObjects } from './objects.ts'
import { contextOption, kubeconfigOption } from './options.ts'

type Options = { kubeconfig?: string; context?: string; server?: string; endAccess?: true; yes?: true }

const ofGrants = `--selector=${labels.managedBy}=${managedBy}`

const list = async (target: Target, args: readonly string[]): Promise<KubernetesObject[]> =>
  JSON.parse((await kubectl(target, ['get', ...args, '--ignore-not-found', '--output=json'])) || '{"items":[]}').items

/** The RoleBindings, in any namespace, that let Postern grant access or read pods there. */
async function ownBindings(target: Target): Promise<KubernetesObject[]> {
  const roles = Object.values(namespacedRoles)
  const all = await list(target, ['rolebindings', '--all-namespaces'])
  return all.filter(
    ({ roleRef, subjects = [] }) =>
      roleRef?.kind === 'ClusterRole' &&
      roles.includes(roleRef.name) &&
      subjects.some(({ name, namespace }) => name === account.name && namespace === account.namespace),
  )
}

const nameOf = ({ kind, metadata: { name, namespace } }: KubernetesObject) =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`

async function deleteAll(target: Target, objects: readonly KubernetesObject[]): Promise<void> {
  if (objects.length === 0) return
  const identities = objects.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
    ...{ apiVersion, kind },
    metadata: { name, ...(namespace ? { namespace } : {}) },
  }))
  await kubectl(target, ['delete', '--ignore-not-found', '--wait=false', '--filename=-'], asYaml(identities))
}

const instanceIn = ({ metadata }: KubernetesObject): string => metadata.labels?.[labels.instance] ?? 'unknown'

/**
 * Two installations may grant in one cluster, with the same account: which objects are of the one that is removed, and which
 * others there are.
 * @throws UsageError if there are any, and the person has not said which one is theirs
 */
function separate(grants: readonly KubernetesObject[], server: string | undefined) {
  const instances = [...new Set(grants.map(instanceIn))].sort()
  if (!server && instances.length > 0)
    throw new UsageError(
      `The cluster has objects of grants, of ${visible(instances.join(', '))}. Add --server with the address of your Postern, so that only its own are deleted.`,
    )
  const own = server && instanceOf(serverOrigin(server))
  return { own: grants.filter((one) => instanceIn(one) === own), others: instances.filter((one) => one !== own) }
}

/** `postern cluster remove`: takes everything out of a cluster that `postern cluster add` and grants brought into it. */
export function removeCommand(terminal: Terminal): Command {
  return new Command('remove')
    .description(
      'Take Postern out of a cluster, with your own administrator’s kubeconfig. Remove the cluster from postern.yaml first.',
    )
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .option('--server <url>', 'the address of your Postern; only the objects of its grants are deleted')
    .option('--end-access', 'also end the access of its grants that are still live there')
    .option('--yes', 'delete; without it, the command only lists what it would delete')
    .action(async (options: Options) => {
      const [workloads, grants, bindings] = await Promise.all([
        list(options, ['deployments,statefulsets,pods', `--namespace=${account.namespace}`]),
        list(options, ['serviceaccounts,roles,rolebindings', '--all-namespaces', ofGrants]),
        ownBindings(options),
      ])
      if (workloads.length)
        throw new UsageError(
          `${account.namespace} contains ${workloads.map(nameOf).slice(0, 3).join(', ')}: Postern itself runs in this cluster. Uninstall it with Helm.`,
        )
      const { own, others } = separate(grants, options.server)
      const live = own.filter(({ kind }) => kind === 'ServiceAccount').length
      if (live && !options.endAccess)
        throw new UsageError(
          `${plural(live, 'grant')} still ${live === 1 ? 'has' : 'have'} access in this cluster. Revoke them in Postern, or add --end-access.`,
        )
      // What grants access goes first, so that an interrupted removal leaves none.
      const shared = [...bindings, ...publishedObjects().toReversed()]
      const objects = [...own.toReversed(), ...(others.length > 0 ? [] : shared)]
      const say = (line: string) => terminal.stdout.write(`${visible(line)}\n`)
      for (const object of objects) say(`${options.yes ? 'delete' : 'would delete'} ${nameOf(object)}`)
      if (others.length > 0)
        say(`The account and its roles stay, because there are grants of another Postern: ${others.join(', ')}.`)
      if (!options.yes) {
        say('Nothing was deleted. Add --yes to delete all of this.')
        return
      }
      await deleteAll(options, objects)
      if (others.length > 0) say('Done.')
      else
        say('Done. Delete the kubeconfig that Postern’s workers had for this cluster; its token is no longer accepted.')
    })
}
