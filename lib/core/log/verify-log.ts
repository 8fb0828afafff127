// Verifies entries of the log against checkpoints, and names the first one that does not fit.
import type { Checkpoint } from './checkpoint.ts'
import { hashOfEvent, type LogEntry } from './leaf.ts'
import { growingTree, rootOfInclusion } from './tree.ts'

/** What does not fit, and the event that shows it, if it is one event. */
export type LogProblem = { sentence: string; event?: string; index?: number }

const named = ({ index, event, seq }: LogEntry) =>
  event ? `${event.id} (leaf ${index})` : `seq ${seq} (leaf ${index})`

/** Why an entry is not what its leaf says; null if it is. */
export function problemOfEntry(entry: LogEntry): LogProblem | null {
  const { index, event } = entry
  if (!event)
    return { index, sentence: `The event of ${named(entry)} is missing from the history: its row was deleted.` }
  const found = { index, event: event.id }
  if (event.seq !== entry.seq) return { ...found, sentence: `${named(entry)} has another place in the history.` }
  if (hashOfEvent(event, Buffer.from(entry.salt, 'base64')).toString('base64') === entry.hash) return null
  return { ...found, sentence: `${named(entry)} was changed after it was logged: the event does not match its leaf.` }
}

/** Why the event of an entry is not in the log of this checkpoint, by the proof beside it; null if it is. */
export function problemOfProof(entry: LogEntry, proof: readonly string[], checkpoint: Checkpoint): LogProblem | null {
  const problem = problemOfEntry(entry)
  if (problem) return problem
  const hashes = proof.map((hash) => Buffer.from(hash, 'base64'))
  const root = rootOfInclusion(entry.index, checkpoint.size, Buffer.from(entry.hash, 'base64'), hashes)
  if (root?.equals(checkpoint.root)) return null
  return {
    ...{ index: entry.index, event: entry.event?.id ?? '' },
    sentence: `${named(entry)} is not in the log of the checkpoint of size ${checkpoint.size}.`,
  }
}

export type LogVerifier = {
  /** The next entry, in the order of the log. */
  add(entry: LogEntry): LogProblem | null
  /** After the last entry. */
  end(): LogProblem | null
  /** How many entries the checkpoints cover. NB: nothing vouches for those after them, which only fit their own leaves. */
  covered(): number
}

/** Verifies a whole log, entry by entry from the first, against each of these checkpoints. */
export function verifierOfLog(checkpoints: readonly Checkpoint[]): LogVerifier {
  const waiting = checkpoints.toSorted((a, b) => a.size - b.size)
  const tree = growingTree()
  let verified = 0
  function compare(): LogProblem | null {
    for (let next = waiting[0]; next?.size === tree.size(); next = waiting[0]) {
      if (!next.root.equals(tree.root())) {
        return {
          sentence:
            `The log was rewritten: leaves ${verified} to ${next.size - 1} are not those of the checkpoint of size ` +
            `${next.size}${verified > 0 ? `, and all before them are as checkpoint ${verified} says` : ''}.`,
        }
      }
      verified = next.size
      waiting.shift()
    }
    return null
  }
  return {
    add: (entry) => {
      const early = compare()
      if (early) return early
      const index = tree.size()
      if (entry.index !== index)
        return { index, sentence: `Leaf ${index} is missing: the next one is leaf ${entry.index}.` }
      tree.add(Buffer.from(entry.hash, 'base64'))
      return problemOfEntry(entry) ?? compare()
    },
    end: () => {
      const late = compare()
      if (late || !waiting[0]) return late
      return {
        index: tree.size(),
        sentence: `The log ends at leaf ${tree.size() - 1}, but a checkpoint has the size ${waiting[0].size}: the last events were removed.`,
      }
    },
    covered: () => verified,
  }
}
