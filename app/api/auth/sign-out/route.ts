import { methodsOf } from '#lib/api/methods'
import { signOut } from '#lib/adapters/auth/sign-out'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: signOut })
