import { signOut } from '#lib/adapters/auth/sign-out'
import { methodsOf } from '#lib/api/methods'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: signOut })
