import type { Adapter, AdapterPayload } from 'oidc-provider'

type Entry = { payload: AdapterPayload; until: number }

/**
 * Keeps the local provider's sessions, codes and tokens in memory while it runs. Returns an adapter factory for
 * oidc-provider; all adapters of one factory share one store.
 */
export function identityStore(): (model: string) => Adapter {
  const entries = new Map<string, Entry>()
  const byUid = new Map<string, string>()
  const byUserCode = new Map<string, string>()
  const byGrant = new Map<string, Set<string>>()

  const read = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.until > Date.now()) return entry.payload
    entries.delete(key)
    return undefined
  }

  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`
    return {
      async upsert(id, payload, expiresIn) {
        const key = keyOf(id)
        entries.set(key, { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY })
        if (payload.uid) byUid.set(payload.uid, key)
        if (payload.userCode) byUserCode.set(payload.userCode, key)
        if (payload.grantId) byGrant.set(payload.grantId, (byGrant.get(payload.grantId) ?? new Set()).add(key))
      },
      find: async (id) => read(keyOf(id)),
      findByUid: async (uid) => read(byUid.get(uid) ?? ''),
      findByUserCode: async (code) => read(byUserCode.get(code) ?? ''),
      async consume(id) {
        const payload = read(keyOf(id))
        if (payload) payload.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        entries.delete(keyOf(id))
      },
      async revokeByGrantId(grantId) {
        for (const key of byGrant.get(grantId) ?? []) entries.delete(key)
        byGrant.delete(grantId)
      },
    }
  }
}
