import { beginSignIn } from '#lib/adapters/auth/sign-in'
import { methodsOf } from '#lib/api/methods'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: beginSignIn })
