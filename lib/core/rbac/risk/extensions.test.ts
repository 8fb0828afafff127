import { describe, expect, test } from 'vitest'
import { type Rule, ruleSchema } from '#lib/core/access/rule'
import { compareSeverity, type Severity } from '#lib/core/access/severity'
import { assessRisk, type Finding, type RiskContext } from './assess.ts'
import { rule } from './entry.ts'
import { type ExtensionRisk, everyExtension, extensionKinds } from './extension-kinds.ts'
import { shippedExtensionRisks as risks } from './extension-matches.ts'

const reading = ['get', 'list', 'watch']
const kindOf = ({ leadsTo }: ExtensionRisk) => extensionKinds.find(({ id }) => id === leadsTo)
const isAtLeast = (found: Finding | undefined, entry: ExtensionRisk) =>
  found !== undefined && compareSeverity(found.severity, entry.severity ?? kindOf(entry)?.severity ?? 'high') >= 0
const finding = (rules: readonly Rule[], id: string, context: RiskContext = {}): Finding | undefined =>
  assessRisk(rules, context).findings.find((one) => one.id === id)

/** A group that an entry is about. */
const groupOf = ({ group }: ExtensionRisk) => group.replace(/^\*$/, '*.example.com').replace('*', 'gizmo')

/** One rule for each resource of an entry. `*` stands for a resource that no entry names. */
const rulesOf = (entry: ExtensionRisk, wanted = entry.verbs): Rule[] =>
  entry.resources.map((resource) => rule(wanted, [resource.replace('*', 'gizmos')], groupOf(entry)))

const named = (one: Rule) => JSON.stringify(one)

describe('every entry of extensions.json', () => {
  test('has a source, and resources that a rule can name', () => {
    for (const entry of risks) {
      expect(entry.source).toMatch(/^https:\/\//)
      for (const one of rulesOf(entry)) expect(ruleSchema.safeParse(one).error).toBeUndefined()
    }
  })

  test('is found in each resource with each verb, with its severity and the reason', () => {
    for (const entry of risks) {
      for (const [one, verb] of rulesOf(entry).flatMap((one) => entry.verbs.map((verb) => [one, verb] as const))) {
        const found = finding([{ ...one, verbs: [verb] }], entry.leadsTo)
        expect(isAtLeast(found, entry), `${verb} ${named(one)}`).toBe(true)
        expect(found?.because.join()).toContain(`${verb} ${one.resources} (`)
      }
    }
  })

  test('is found in all verbs, in all resources of the group, and in both', () => {
    for (const entry of risks) {
      const wild = [
        ...rulesOf(entry, ['*']),
        // An entry for any group is about names that are dangerous, and few groups have them.
        ...(entry.group === '*' ? [] : [rule([entry.verbs[0] ?? ''], ['*'], groupOf(entry))]),
        ...(entry.group === '*' ? [] : [rule(['*'], ['*'], groupOf(entry))]),
      ]
      for (const one of wild) expect(isAtLeast(finding([one], entry.leadsTo), entry), named(one)).toBe(true)
    }
  })

  test('is not found in reading, in another group, or in a status', () => {
    // In some groups a status is how a request is approved.
    const statuses = new Set(
      risks.flatMap(({ group, resources }) => resources.map((resource) => `${group} ${resource}`)),
    )
    const groupsToRead = new Set(
      risks.filter(({ verbs }) => verbs.some((verb) => reading.includes(verb))).map(({ group }) => group),
    )
    for (const entry of risks) {
      for (const one of rulesOf(entry)) {
        if (!groupsToRead.has(entry.group)) expect(assessRisk([{ ...one, verbs: reading }]).findings).toEqual([])
        const status = one.resources.map((resource) => `${resource.split('/')[0]}/status`)
        const others = [
          { apiGroups: ['apps'] },
          ...(statuses.has(`${entry.group} ${status}`) ? [] : [{ resources: status }]),
        ]
        for (const other of others) {
          expect(finding([{ ...one, ...other }], entry.leadsTo), named(one)).toBeUndefined()
        }
      }
    }
  })

  test('is found in a namespace only if a RoleBinding can grant it', () => {
    for (const entry of risks) {
      const isMixed = risks.some(({ group, scope }) => group === entry.group && scope !== entry.scope)
      const [one] = rulesOf(entry)
      if (!one || isMixed) continue
      const found = finding([one], entry.leadsTo, { scope: 'namespace' })
      expect(found === undefined, named(one)).toBe(entry.scope === 'cluster')
    }
  })
})

test('no entry is listed twice', () => {
  const keys = risks.flatMap(({ group, resources, verbs, leadsTo }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} ${group} ${leadsTo}`)),
  )
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

// Known roads to more power, written down apart from the data: the verb, the resource and its group, and the severity.
const known: [string, Severity, string][] = [
  ['create clusterroletemplatebindings management.cattle.io', 'high', 'grants-access'],
  ['create projectroletemplatebindings management.cattle.io', 'high', 'grants-access'],
  ['create globalrolebindings management.cattle.io', 'high', 'grants-access'],
  ['update roletemplates management.cattle.io', 'high', 'grants-access'],
  ['get tokens management.cattle.io', 'high', 'takes-credentials'],
  ['create plans upgrade.cattle.io', 'high', 'controls-nodes'],
  ['create helmcharts helm.cattle.io', 'high', 'applies-objects'],
  ['create gitrepos fleet.cattle.io', 'high', 'applies-objects'],
  ['create rbacdefinitions rbacmanager.reactiveops.io', 'high', 'grants-access'],
  ['create rolebindings authorization.openshift.io', 'high', 'grants-access'],
  ['create vault koudingspawn.de', 'medium', 'fetches-secrets'],
  ['get aggregations/proxy hpaaggregator.kubeadmiral.io', 'high', 'reaches-other-clusters'],
  ['create domains ingress.k8s.ngrok.com', 'medium', 'redirects-traffic'],
  ['create foreignclusters core.liqo.io', 'high', 'reaches-other-clusters'],
  ['create workloads runtime.wasmcloud.dev', 'medium', 'runs-programs'],
  ['update managedclusters/accept register.open-cluster-management.io', 'high', 'reaches-other-clusters'],
  ['renew managedclusters/clientcertificates register.open-cluster-management.io', 'medium', 'takes-credentials'],
  ['patch secretaccessrequests/status engine.kubevault.com', 'high', 'takes-credentials'],
  ['update virtualmachines/removememorydump subresources.kubevirt.io', 'medium', 'reaches-machines'],
  ['create virtualclusterinstances storage.loft.sh', 'high', 'grants-access'],
  ['create clusterrolebindings authorization.openshift.io', 'high', 'grants-access'],
  ['update groups user.openshift.io', 'high', 'changes-identities'],
  ['create useridentitymappings user.openshift.io', 'high', 'changes-identities'],
  ['list oauthaccesstokens oauth.openshift.io', 'high', 'takes-credentials'],
  ['patch oauths config.openshift.io', 'high', 'changes-identities'],
  ['update securitycontextconstraints security.openshift.io', 'high', 'loosens-pod-security'],
  ['create machineconfigs machineconfiguration.openshift.io', 'high', 'controls-nodes'],
  ['create machines machine.openshift.io', 'high', 'controls-nodes'],
  ['create builds/custom build.openshift.io', 'high', 'runs-programs'],
  ['create builds/docker build.openshift.io', 'medium', 'runs-programs'],
  ['create buildconfigs build.openshift.io', 'medium', 'runs-programs'],
  ['patch deploymentconfigs apps.openshift.io', 'medium', 'runs-programs'],
  ['create credentialsrequests cloudcredential.openshift.io', 'high', 'grants-cloud-access'],
  ['create virtualmachines kubevirt.io', 'medium', 'runs-programs'],
  ['get virtualmachineinstances/console subresources.kubevirt.io', 'medium', 'reaches-machines'],
  ['get virtualmachineinstances/vnc subresources.kubevirt.io', 'medium', 'reaches-machines'],
  ['update virtualmachines/start subresources.kubevirt.io', 'low', 'reaches-machines'],
  ['create objects kubernetes.crossplane.io', 'high', 'applies-objects'],
  ['create releases helm.crossplane.io', 'high', 'applies-objects'],
  ['create providers pkg.crossplane.io', 'high', 'installs-extensions'],
  ['create compositions apiextensions.crossplane.io', 'high', 'applies-objects'],
  ['create kubeadmconfigs bootstrap.cluster.x-k8s.io', 'high', 'controls-nodes'],
  ['create clusterresourcesets addons.cluster.x-k8s.io', 'high', 'applies-objects'],
  ['create machines cluster.x-k8s.io', 'high', 'controls-nodes'],
  ['create awsmachinetemplates infrastructure.cluster.x-k8s.io', 'high', 'controls-nodes'],
  ['create kustomizations kustomize.toolkit.fluxcd.io', 'high', 'applies-objects'],
  ['create helmreleases helm.toolkit.fluxcd.io', 'high', 'applies-objects'],
  ['patch gitrepositories source.toolkit.fluxcd.io', 'high', 'applies-objects'],
  ['create receivers notification.toolkit.fluxcd.io', 'medium', 'applies-objects'],
  ['create imageupdateautomations image.toolkit.fluxcd.io', 'medium', 'applies-objects'],
  ['create subscriptions operators.coreos.com', 'high', 'installs-extensions'],
  ['create clusterserviceversions operators.coreos.com', 'high', 'installs-extensions'],
  ['patch installplans operators.coreos.com', 'high', 'installs-extensions'],
  ['create clusterextensions olm.operatorframework.io', 'high', 'installs-extensions'],
  ['create manifestworks work.open-cluster-management.io', 'high', 'applies-objects'],
  ['create managedclusteractions action.open-cluster-management.io', 'high', 'reaches-other-clusters'],
  ['get clusters/proxy cluster.karmada.io', 'high', 'reaches-other-clusters'],
  ['create propagationpolicies policy.karmada.io', 'high', 'applies-objects'],
  ['create secretproviderclasses secrets-store.csi.x-k8s.io', 'medium', 'fetches-secrets'],
  ['create vaultstaticsecrets secrets.hashicorp.com', 'medium', 'fetches-secrets'],
  ['create vaultauths secrets.hashicorp.com', 'high', 'fetches-secrets'],
  ['create externalsecrets external-secrets.io', 'medium', 'fetches-secrets'],
  ['create clustersecretstores external-secrets.io', 'high', 'fetches-secrets'],
  ['patch baremetalhosts metal3.io', 'high', 'controls-nodes'],
  ['patch ec2nodeclasses karpenter.k8s.aws', 'high', 'controls-nodes'],
  ['patch nodepools karpenter.sh', 'medium', 'controls-nodes'],
  ['create iampolicymembers iam.cnrm.cloud.google.com', 'high', 'grants-cloud-access'],
  ['create iamserviceaccountkeys iam.cnrm.cloud.google.com', 'high', 'grants-cloud-access'],
  ['create roles iam.services.k8s.aws', 'high', 'grants-cloud-access'],
  ['create services serving.knative.dev', 'medium', 'runs-programs'],
  ['create sparkapplications sparkoperator.k8s.io', 'medium', 'runs-programs'],
  ['create notebooks kubeflow.org', 'medium', 'runs-programs'],
  ['create profiles kubeflow.org', 'high', 'grants-access'],
  ['create rayclusters ray.io', 'medium', 'runs-programs'],
  ['create jobs batch.volcano.sh', 'medium', 'runs-programs'],
  ['create clonesets apps.kruise.io', 'medium', 'runs-programs'],
  ['create sidecarsets apps.kruise.io', 'high', 'runs-programs'],
  ['create prometheuses monitoring.coreos.com', 'medium', 'runs-programs'],
  ['create servicemonitors monitoring.coreos.com', 'medium', 'changes-monitoring'],
  ['create envoyfilters networking.istio.io', 'high', 'redirects-traffic'],
  ['create virtualservices networking.istio.io', 'medium', 'redirects-traffic'],
  ['create applications argoproj.io', 'high', 'applies-objects'],
  ['patch appprojects argoproj.io', 'high', 'applies-objects'],
  ['create workflows argoproj.io', 'medium', 'runs-programs'],
  ['patch rollouts argoproj.io', 'medium', 'runs-programs'],
  ['create pipelineruns tekton.dev', 'medium', 'runs-programs'],
  ['create eventlisteners triggers.tekton.dev', 'medium', 'runs-programs'],
  ['create clusterissuers cert-manager.io', 'high', 'takes-credentials'],
  ['create certificates cert-manager.io', 'medium', 'takes-credentials'],
  ['create policyexceptions kyverno.io', 'high', 'changes-policy-engines'],
  ['delete k8srequiredlabels constraints.gatekeeper.sh', 'high', 'changes-policy-engines'],
  ['create restores velero.io', 'high', 'applies-objects'],
  ['create kafkas kafka.strimzi.io', 'medium', 'runs-programs'],
  ['create scaledjobs keda.sh', 'medium', 'runs-programs'],
  ['create scaledobjects keda.sh', 'medium', 'drives-operators'],
]

test.each(known)('%s is a %s risk: %s', (words, severity, id) => {
  const [verb = '', resource = '', group = ''] = words.split(' ')
  const assessed = assessRisk([rule([verb], [resource], group)])
  expect(assessed.severity).toBe(severity)
  expect(assessed.findings.map((one) => one.id)).toEqual([id])
})

test('reading all of an extension is a low risk, and of one that stores credentials a high one', () => {
  const read = (group: string) => assessRisk([rule(reading, ['*'], group)])
  for (const group of ['example.com', 'argoproj.io', 'cert-manager.io', 'kubevirt.io', 'monitoring.coreos.com']) {
    expect(read(group)).toMatchObject({ severity: 'low', findings: [{ id: 'reads-every-resource' }] })
  }
  expect(read('oauth.openshift.io').severity).toBe('high')
  expect(read('apps').severity).toBe('medium')
})

describe('security context constraints', () => {
  const use = (...resourceNames: string[]) => ({
    ...rule(['use'], ['securitycontextconstraints'], 'security.openshift.io'),
    resourceNames,
  })

  test.each(['restricted', 'restricted-v2', 'nonroot-v2'])('to use %s is no risk', (name) => {
    expect(assessRisk([use(name)]).findings).toEqual([])
  })

  test.each(['anyuid', 'privileged', 'hostmount-anyuid', 'node-exporter', 'of-our-own'])(
    'to use %s is a high risk',
    (name) => {
      expect(assessRisk([use(name)])).toMatchObject({ severity: 'high', findings: [{ id: 'uses-loose-pod-security' }] })
      expect(assessRisk([use('restricted-v2', name)]).severity).toBe('high')
    },
  )

  test('to use all of them is a high risk, and so are all verbs on a strict one, which include update', () => {
    expect(assessRisk([use()]).severity).toBe('high')
    const every = { ...use('restricted-v2'), verbs: ['*'] }
    expect(finding([every], 'loosens-pod-security')?.severity).toBe('high')
    expect(finding([every], 'uses-loose-pod-security')).toBeUndefined()
  })
})

describe('a rule with the API group *', () => {
  const all = (resource: string, ...verbs: string[]) => [rule(verbs, [resource], '*')]
  const change = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const idsOf = (rules: Rule[], context: RiskContext = {}) =>
    assessRisk(rules, context).findings.map(({ id, severity }) => `${severity} ${id}`)

  test.each([
    ['deployments', 'medium'],
    ['pods', 'medium'],
    ['services', 'medium'],
    ['jobs', 'medium'],
    ['ingresses', 'medium'],
    ['configmaps', 'medium'],
    ['horizontalpodautoscalers', 'medium'],
    ['widgets', 'medium'],
  ])('%s is judged as the resource of Kubernetes alone: %s', (resource, severity) => {
    const assessed = assessRisk(all(resource, ...change))
    expect(assessed.severity).toBe(severity)
    const ofExtensions = new Set<string>(extensionKinds.map(({ id }) => id))
    expect(assessed.findings.filter(({ id }) => ofExtensions.has(id))).toEqual([])
  })

  test('a resource of extensions is judged in each group that has it', () => {
    expect(idsOf(all('clusterroletemplatebindings', 'create'))).toEqual([
      'high grants-access',
      'medium wildcard-groups',
    ])
    expect(idsOf(all('clusterpolicies', 'patch'))).toContain('high changes-policy-engines')
  })

  test('only the groups count that serve the resource in this cluster', () => {
    const knownResources = new Set(['pods', 'applications.argoproj.io', 'services', 'services.serving.knative.dev'])
    const here = (resource: string, verb: string) => idsOf(all(resource, verb), { knownResources })
    expect(here('applications', 'create')).toEqual(['high applies-objects', 'medium wildcard-groups'])
    expect(here('services', 'create')).toContain('medium runs-programs')
    const constraint = { knownResources: new Set(['k8srequiredlabels.constraints.gatekeeper.sh']) }
    expect(idsOf(all('k8srequiredlabels', 'delete'), constraint)).toContain('high changes-policy-engines')
    expect(here('clusterpolicies', 'create')).toEqual(['medium wildcard-groups', 'low unknown-resources'])
    expect(here('securitycontextconstraints', 'use')).toEqual(['medium wildcard-groups', 'low unknown-resources'])
  })

  test('a subresource that exists for authorization only counts where its resource is served', () => {
    const knownResources = new Set(['builds.build.openshift.io'])
    expect(finding(all('builds/custom', 'create'), 'runs-programs', { knownResources })?.severity).toBe('high')
    expect(finding(all('builds/custom', 'create'), 'runs-programs', { knownResources: new Set(['pods']) })).toBe(
      undefined,
    )
  })

  test('a change of every resource is one risk that includes those of all extensions', () => {
    const { severity, findings } = assessRisk(everyExtension.example)
    expect(severity).toBe('high')
    const [every] = findings.filter(({ id }) => id === everyExtension.id)
    expect(every).toMatchObject({ severity: 'high', partOf: [], because: ['patch *'] })
    for (const { id } of extensionKinds) {
      expect(findings.find((one) => one.id === id)?.partOf, id).toEqual([everyExtension.id])
    }
    expect(finding(all('*', 'get', 'list'), everyExtension.id)).toBeUndefined()
    expect(finding(all('widgets', 'patch'), everyExtension.id)).toBeUndefined()
    expect(finding([rule(['patch'], ['*'], 'example.com')], everyExtension.id)).toBeUndefined()
  })

  test('every resource is every extension, known or not', () => {
    const knownResources = new Set(['pods'])
    expect(finding(all('*', 'create'), 'grants-access', { knownResources })).toBeDefined()
    expect(finding(all('*/proxy', 'get'), 'reaches-other-clusters')).toBeDefined()
  })
})

describe('an entry for several groups', () => {
  const first = (words: string) => {
    const [verb = '', resource = '', group = ''] = words.split(' ')
    const [found] = assessRisk([rule([verb], [resource], group)]).findings
    return found && `${found.severity} ${found.id}`
  }

  test.each([
    ['create redisinstances redis.cnrm.cloud.google.com', 'medium grants-cloud-access'],
    ['patch tables dynamodb.services.k8s.aws', 'medium grants-cloud-access'],
    ['get widgets/proxy fleet.example.com', 'medium reaches-other-clusters'],
    ['get desktops/console lab.example.com', 'medium reaches-machines'],
    ['create clusters/kubeconfig cloud.example.com', 'medium takes-credentials'],
    ['create rolebindings iam.example.com', 'medium grants-access'],
    ['bind roles iam.example.com', 'medium grants-access'],
    ['get */proxy fleet.example.com', 'medium reaches-other-clusters'],
    ['get widgets fleet.example.com', undefined],
    ['create widgets/status fleet.example.com', undefined],
    ['get * fleet.example.com', 'low reads-every-resource'],
  ])('%s: %s', (words, expected) => {
    expect(first(words)).toBe(expected)
  })

  test('is not about groups of Kubernetes, or groups with entries of their own', () => {
    expect(finding([rule(['create'], ['rolebindings'], 'rbac.authorization.k8s.io')], 'grants-access')).toBeUndefined()
    expect(finding([rule(['get'], ['pods/portforward'])], 'reaches-machines')).toBeUndefined()
    expect(finding([rule(['create'], ['instances'], 'iam.services.k8s.aws')], 'grants-cloud-access')?.severity).toBe(
      'high',
    )
    const mixed = { ...rule(['create'], ['pods/exec']), apiGroups: ['', 'route.example.com'] }
    expect(assessRisk([mixed]).findings.map(({ id }) => id)).toEqual(['runs-commands-in-pods'])
    const more = { ...rule(['patch'], ['configmaps', 'clusterpolicies']), apiGroups: ['', 'kyverno.io'] }
    expect(finding([more], 'changes-policy-engines')?.because.join()).toMatch(/^patch clusterpolicies [^,]*$/)
    expect(finding([{ ...more, resources: ['configmaps'] }], 'changes-policy-engines')).toBeUndefined()
    expect(finding([rule(['get'], ['widgets/proxy'], 'argoproj.io')], 'reaches-other-clusters')).toBeUndefined()
  })

  test('is found for the group * in the groups that serve the resource', () => {
    const knownResources = new Set(['tables.dynamodb.services.k8s.aws'])
    const found = finding([rule(['create'], ['tables'], '*')], 'grants-cloud-access', { knownResources })
    expect(found?.severity).toBe('medium')
  })

  test('of postern.yaml can be about every extension that is not listed', () => {
    const configuredRisks: ExtensionRisk[] = [
      { group: '*', resources: ['*'], verbs: ['create'], leadsTo: 'drives-operators', why: 'unknown', severity: 'low' },
    ]
    const of = (group: string) =>
      finding([rule(['create'], ['widgets'], group)], 'drives-operators', { configuredRisks })
    expect(of('widgets.example.com')?.severity).toBe('low')
    expect(of('apps')).toBeUndefined()
    expect(of('tekton.dev')).toBeUndefined()
  })
})

describe('names and namespaces', () => {
  test('a rule with names has the risks of update and patch, and of create only where it may also write that name', () => {
    const named = (verb: string, name: string) => ({
      ...rule([verb], ['applications'], 'argoproj.io'),
      resourceNames: [name],
    })
    expect(finding([named('patch', 'a')], 'applies-objects')).toBeDefined()
    expect(finding([named('create', 'a')], 'applies-objects')).toBeUndefined()
    expect(finding([named('create', 'a'), named('update', 'a')], 'applies-objects')).toBeDefined()
  })

  test('running programs names the service accounts that come with it, and is a high risk in kube-system', () => {
    const run = [rule(['create'], ['sparkapplications'], 'sparkoperator.k8s.io')]
    const serviceAccounts = [{ namespace: 'data', name: 'etl', rules: [rule(['list'], ['secrets'])] }]
    const [found] = assessRisk(run, { serviceAccounts }).findings
    expect(found?.severity).toBe('high')
    expect(found?.because).toEqual([
      'create sparkapplications (runs Spark programs)',
      'service account data/etl may also list secrets',
    ])
    expect(assessRisk(run, { namespaceKind: 'privileged' }).severity).toBe('high')
  })
})

describe('the risks of postern.yaml', () => {
  const own: ExtensionRisk[] = [
    {
      group: 'jobs.example.com',
      resources: ['batchruns', 'batchruns/console'],
      verbs: ['create', 'get'],
      leadsTo: 'runs-programs',
      why: 'runs any image as the account batch-admin',
      severity: 'high',
    },
    { group: 'argoproj.io', resources: ['*'], verbs: ['delete'], leadsTo: 'configures-cluster', why: 'deletes a shop' },
  ]

  test('are found like those of the catalogue, with their own severity and reason', () => {
    const [found] = assessRisk([rule(['create'], ['*'], 'jobs.example.com')], { configuredRisks: own }).findings
    expect(found).toMatchObject({
      id: 'runs-programs',
      severity: 'high',
      sentence: extensionKinds.find(({ id }) => id === 'runs-programs')?.sentence,
      because: ['create batchruns (runs any image as the account batch-admin)'],
    })
    expect(assessRisk([rule(['create'], ['batchruns'], 'jobs.example.com')]).findings).toEqual([])
  })

  test('add to the catalogue and remove nothing from it', () => {
    for (const { group, resources, verbs, leadsTo } of risks) {
      const rules = [rule([...verbs], [resources[0] ?? ''], group)]
      const [without, together] = [finding(rules, leadsTo), finding(rules, leadsTo, { configuredRisks: own })]
      expect(together?.severity).toBe(without?.severity)
    }
    const remove = [rule(['delete'], ['applications'], 'argoproj.io')]
    expect(finding(remove, 'configures-cluster', { configuredRisks: own })?.severity).toBe('high')
  })

  test('count for the service accounts that a requester could act as', () => {
    const serviceAccounts = [
      { namespace: 'shop', name: 'batch', rules: [rule(['create'], ['batchruns'], 'jobs.example.com')] },
    ]
    const run = [rule(['create'], ['pods'])]
    expect(assessRisk(run, { serviceAccounts }).severity).toBe('medium')
    expect(assessRisk(run, { serviceAccounts, configuredRisks: own }).severity).toBe('high')
  })
})
