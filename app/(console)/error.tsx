'use client'
import { Failure } from '#components/layout/failure'

type Props = { error: Error & { digest?: string }; reset: () => void }

/** NB: `digest` is also in the server's log line of the same error; the message itself never reaches the browser. */
export default function PageError({ error, reset }: Props) {
  return <Failure reference={error.digest} retry={reset} />
}
