// The check itself: documents in, findings out, one document in memory at a time.
import type { DocumentText } from './documents.ts'
import { type Finding, fingerprintOf, type Judged, type ObjectName } from './finding.ts'
import { judgeRole } from './judge-role.ts'
import { mayHoldRbac, type PlacedObject, rbacObjectsIn } from './rbac-objects.ts'
import { Source } from './source.ts'

/** Something that could not be read, so that nobody may say that it is in order. */
export type UnreadablePart = { file: string; line: number; column: number; message: string }

export type Totals = { documents: number; objects: number }

export class Checker {
  readonly findings: Finding[] = []
  readonly unreadable: UnreadablePart[] = []
  readonly totals: Totals = { documents: 0, objects: 0 }

  read(file: string, { text, line }: DocumentText) {
    this.totals.documents++
    if (text === null) {
      this.unreadable.push({ file, line, column: 1, message: 'this document is too long: no Kubernetes object is' })
      return
    }
    if (!mayHoldRbac(text)) return
    const source = new Source(text, line)
    const { objects, problems } = rbacObjectsIn(source)
    for (const { message, range } of problems) {
      const place = source.placeOf(range)
      this.unreadable.push({ file, line: place.line, column: place.column, message })
    }
    const template = templateOf(text)
    for (const object of objects) this.#judge(object, { file, template, source })
  }

  #judge(object: PlacedObject, where: { file: string; template: string | null; source: Source }) {
    this.totals.objects++
    const { kind, namespace, name } = object
    if (object.kind === 'Role' || object.kind === 'ClusterRole')
      this.#report(judgeRole(object, namespace, where.source), { kind, namespace, name }, where)
  }

  #report(judged: Judged[], object: ObjectName, { file, template }: { file: string; template: string | null }) {
    for (const { substance, ...finding } of judged) {
      const fingerprint = fingerprintOf(finding.id, object, substance)
      this.findings.push({ ...finding, object, file, template, fingerprint })
    }
  }
}

/** As Helm writes it above each document. */
const templateOf = (text: string) => /^# Source: (\S+)[ \t]*\r?$/m.exec(text)?.[1] ?? null
