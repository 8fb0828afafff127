// Objects that install something from elsewhere, so that the roles that it brings are not in the input.

const kinds = new Set([
  ...['HelmRelease', 'HelmChart', 'HelmChartProxy', 'Kustomization', 'Application', 'ApplicationSet', 'GitRepo'],
  ...['Subscription', 'ClusterExtension', 'CatalogSource', 'Addon', 'ManagedChart'],
  // These refer to roles and people in words of their own.
  ...['RBACDefinition', 'GlobalRole', 'RoleTemplate', 'GlobalRoleBinding', 'ClusterRoleTemplateBinding', 'Tenant'],
])

/** Kinds with the same name in other groups. */
const groups =
  /\b(?:fluxcd\.io|argoproj\.io|cattle\.io|x-k8s\.io|operators\.coreos\.com|operatorframework\.io|k0sproject\.io|reactiveops\.io|clastix\.io|fleet)/
const kind = /(?:^|[{,])[ \t-]*["']?kind["']?[ \t]*:[ \t]*["']?([A-Za-z]{1,63})\b/gm

/** The kinds of such objects in a document, once for each object. Found without parsing, because most documents have none. */
export function* installersIn(text: string): Generator<string> {
  if (!groups.test(text)) return
  for (const [, found] of text.matchAll(kind)) if (found && kinds.has(found)) yield found
}
