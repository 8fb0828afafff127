/**
 * One question to the API server's authorizer: may somebody do this verb with this object? The fields of
 * `ResourceAttributes` in authorization.k8s.io/v1, without the API version, which RBAC ignores. Empty text where there
 * is none: group `''` is the core group, namespace `''` asks cluster-wide, name `''` asks about no single object.
 */
export type Attributes = {
  namespace: string
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
}
