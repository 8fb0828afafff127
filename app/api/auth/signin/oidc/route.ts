import { methodsOf } from '#lib/api/methods'
import { beginSignIn } from '#lib/adapters/auth/sign-in'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ POST: beginSignIn })
