import { methodsOf } from '#lib/api/methods'
import { finishSignIn } from '#lib/adapters/auth/sign-in'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ GET: finishSignIn })
