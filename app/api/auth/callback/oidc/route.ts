import { finishSignIn } from '#lib/adapters/auth/sign-in'
import { methodsOf } from '#lib/api/methods'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ GET: finishSignIn })
