'use client'
import { Failure } from '#components/layout/failure'

type Props = { error: Error & { digest?: string }; reset: () => void }

/** NB: the server logs the same `digest` with the error; the error's message never reaches the browser. */
export default function PageError({ error, reset }: Props) {
  return <Failure reference={error.digest} retry={reset} />
}
