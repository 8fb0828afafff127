import { parse } from 'yaml'
import { z } from 'zod'

const kubeconfig = z.object({
  users: z.array(z.object({ name: z.string(), user: z.object({ token: z.string().optional() }).nullish() })),
})

/** A kubeconfig in YAML or JSON; null for any other text. */
function kubeconfigOf(text: string) {
  try {
    return kubeconfig.safeParse(parse(text, { maxAliasCount: 0 })).data ?? null
  } catch {
    return null
  }
}

/** The tokens in a text: of the users of a kubeconfig, or the text itself, with or without `Bearer`. */
export function tokensIn(text: string): { of: string; token: string }[] {
  const token = text.trim().replace(/^(authorization: *)?bearer +/i, '')
  if (token === '') return []
  if (!/\s/.test(token)) return [{ of: 'The token', token }]
  const users = kubeconfigOf(text)?.users ?? []
  return users.flatMap(({ name, user }) =>
    user?.token ? [{ of: `The token of ${name}`, token: user.token.trim() }] : [],
  )
}
