/**
 * One question to the API server's authorizer: is this verb allowed on this object? The fields are those of
 * `ResourceAttributes` in authorization.k8s.io/v1, without the API version, which RBAC ignores. The group `''` is the core
 * group, the namespace `''` the whole cluster, and the name `''` no single object.
 */
export type Attributes = {
  namespace: string
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
}
