// Checks documents and collects findings. Only one document is in memory at a time. Of bindings it keeps what is needed to
// judge them when all roles are known.
import { compareSeverity, isMoreSevere, type Severity } from '#lib/core/access/severity'
import type { ClusterRole } from '#lib/core/rbac/cluster-objects'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { type DocumentText, maxDocumentLength } from './documents.ts'
import { findObjects, looksLikeKubernetes, mayHoldRbac } from './find-objects.ts'
import { type Finding, fingerprintOf, type GuardrailJudge, type Judged, type ObjectName } from './finding.ts'
import { installersIn } from './installers.ts'
import { judgeAggregated } from './judge-aggregated.ts'
import { assessBound, judgeBinding, type ReadBinding } from './judge-binding.ts'
import { judgeRole, pathRuleOf, ruleOf } from './judge-role.ts'
import { isBroad } from './judge-subjects.ts'
import { type GrantedRules, KnownRoles } from './known-roles.ts'
import type { PlacedBinding, PlacedRole } from './rbac-objects.ts'
import { detached, type Place, Source } from './source.ts'
import { Waivers, waiversOf } from './waivers.ts'

/** A part of the input that could not be read, so the check cannot pass. Line 0: the whole file. */
export type UnreadablePart = { file: string; line: number; column: number; message: string }

export type CheckOptions = {
  /** The namespace of objects that do not specify one; null if unknown. */
  namespace: string | null
  policy: GuardrailJudge | null
  /** The risks that the policy adds to the catalogue. */
  configuredRisks: readonly ExtensionRisk[]
  /** In UTC, such as 2026-11-25. Waivers expire. */
  today: string
}

/** Shared by the objects without any, which are most. */
const noWaivers = new Waivers([], new Source('', 1), '')

/** An object and where it was found. */
type Where = { file: string; template: string | null; object: ObjectName; waivers: Waivers }
type WaitingBinding = { binding: ReadBinding; where: Where }

export class Checker {
  readonly findings: Finding[] = []
  readonly unreadable: UnreadablePart[] = []
  /** Parts that may grant something and were not read, although they do not prevent a result. */
  readonly notRead: UnreadablePart[] = []
  /** How often there is an object of a kind that installs something from elsewhere, such as a HelmRelease. */
  readonly installers = new Map<string, number>()
  /** Every object that was checked, with or without findings. */
  readonly objects: { file: string; object: ObjectName }[] = []
  documents = 0
  /** Files without a single Kubernetes object. */
  otherFiles = 0
  #file: { name: string; isKubernetes: boolean } | null = null
  readonly #options: CheckOptions
  readonly #roles = new KnownRoles()
  readonly #bindings: WaitingBinding[] = []
  readonly #waiving: Where[] = []
  readonly #aggregated: { where: Where; place: Place }[] = []
  /** The ClusterRoles that an aggregated one may select. */
  readonly #clusterRoles: ClusterRole[] = []

  constructor(options: CheckOptions) {
    this.#options = options
  }

  /** Adds the roles of a document that exist already: bindings may refer to them, and they are not judged. */
  addExisting(file: string, document: DocumentText) {
    for (const { object } of this.#objectsOf(file, document)) {
      if ('rules' in object) this.#roles.add(object, rulesOf(object), 'existing')
    }
  }

  /** @param renderer the program that rendered the document, if the file is not the document itself */
  read(file: string, document: DocumentText, renderer: string | null = null) {
    this.documents++
    this.#countFile(file, document.text === null || looksLikeKubernetes(document.text))
    for (const kind of installersIn(document.text ?? ''))
      this.installers.set(kind, (this.installers.get(kind) ?? 0) + 1)
    for (const { object, source, template, waivers } of this.#objectsOf(file, document)) {
      const { kind, name } = object
      const isNamespaced = kind === 'Role' || kind === 'RoleBinding'
      const namespace = object.namespace ?? (isNamespaced ? this.#options.namespace : null)
      const where: Where = {
        file,
        template: template ?? renderer,
        object: { kind, namespace, name },
        waivers: waivers.length > 0 ? new Waivers(waivers, source, this.#options.today) : noWaivers,
      }
      this.objects.push({ file, object: where.object })
      if (waivers.length > 0) this.#waiving.push(where)
      if ('rules' in object) this.#judgeRole(object, where, source)
      else this.#bindings.push({ binding: readBinding(object, namespace, source), where })
    }
  }

  /** Judges what depends on the whole input: aggregated roles, bindings and waivers. */
  finish() {
    const { configuredRisks } = this.#options
    const aggregated = this.#aggregated.map(({ where, place }) => ({ name: where.object.name, place }))
    for (const [index, { name, granted, judged }] of judgeAggregated(
      aggregated,
      this.#clusterRoles,
      configuredRisks,
    ).entries()) {
      this.#roles.add({ kind: 'ClusterRole', namespace: null, name }, granted, 'input')
      const where = this.#aggregated[index]?.where
      if (where) this.#report(judged, where)
    }
    for (const { binding, where } of this.#bindings) {
      this.#report(judgeBinding(binding, this.#roles, configuredRisks), where)
      const role = this.#roles.find({ ...binding.roleRef, namespace: binding.namespace })
      if (!role || !this.#options.policy) continue
      const isEverywhere = binding.kind === 'ClusterRoleBinding'
      const verdicts = this.#options.policy({
        reach: isEverywhere
          ? 'everywhere'
          : binding.namespace === null
            ? 'somewhere'
            : { namespace: binding.namespace },
        rules: role.rules,
        risks: assessBound(role, binding, configuredRisks).findings,
        place: binding.roleRef.place,
      })
      // A verdict on the role itself is not repeated for each of its bindings.
      const isNew = ({ id, severity }: Judged) => isWorse(severity, role.reported?.get(id))
      this.#report(verdicts.filter(isNew), where)
    }
    for (const where of this.#waiving) this.#report(where.waivers.findings(), where)
    // In the order of the input, and for each object the most severe first.
    const places = new Map(this.objects.map(({ object }, index) => [object, index]))
    const rank = ({ object }: Finding) => places.get(object) ?? 0
    this.findings.sort((a, b) => rank(a) - rank(b) || compareSeverity(b.severity, a.severity))
  }

  /** The documents of a file follow each other. */
  #countFile(name: string, isKubernetes: boolean) {
    if (this.#file?.name !== name) {
      this.#file = { name, isKubernetes: false }
      this.otherFiles++
    }
    if (!isKubernetes || this.#file.isKubernetes) return
    this.#file.isKubernetes = true
    this.otherFiles--
  }

  *#objectsOf(file: string, { text, line }: DocumentText) {
    if (text === null) {
      const message = `the document is too long: the limit is ${maxDocumentLength / 1024 / 1024} MiB`
      this.unreadable.push({ file, line, column: 1, message })
      return
    }
    if (!mayHoldRbac(text)) return
    const source = new Source(text, line)
    const { objects, problems, unread } = findObjects(source)
    for (const [parts, found] of [
      [this.unreadable, problems],
      [this.notRead, unread],
    ] as const) {
      for (const { message, range } of found) {
        const { line: at, column } = source.placeOf(range)
        parts.push({ file, line: at, column, message })
      }
    }
    const template = templateOf(text)
    for (const [object, waivers] of waiversOf(source, objects)) yield { object, source, template, waivers }
  }

  #judgeRole(role: PlacedRole, where: Where, source: Source) {
    const { namespace } = where.object
    const granted = rulesOf(role)
    const { rules } = granted
    const known = this.#roles.add(where.object, granted, 'input')
    this.#keepForAggregation(role, granted, where, source)
    const { judged, risks } = judgeRole(role, namespace, source, this.#options.configuredRisks)
    this.#report(judged, where)
    if (!this.#options.policy) return
    const reach = role.kind === 'ClusterRole' ? 'unbound' : namespace === null ? 'somewhere' : { namespace }
    const verdicts = this.#options.policy({ reach, rules, risks, place: source.placeOf(role.at) })
    for (const { id, severity } of verdicts) {
      known.reported ??= new Map()
      if (isWorse(severity, known.reported.get(id))) known.reported.set(id, severity)
    }
    this.#report(verdicts, where)
  }

  #keepForAggregation(role: PlacedRole, { rules, paths }: GrantedRules, where: Where, source: Source) {
    const { kind, name, labels, aggregationRule } = role
    if (kind !== 'ClusterRole' || (labels.size === 0 && !aggregationRule)) return
    const plain = Object.fromEntries([...labels].map(([key, { value }]) => [key, value]))
    this.#clusterRoles.push({ metadata: { name, labels: plain }, rules: [...rules, ...paths], aggregationRule })
    if (aggregationRule) this.#aggregated.push({ where, place: source.placeOf(role.at) })
  }

  #report(judged: Judged[], { file, template, object, waivers }: Where) {
    for (const { substance, ...finding } of judged) {
      const fingerprint = fingerprintOf(finding.id, object, substance)
      const waiver = waivers.find(finding.id)
      const accepted = waiver && { by: 'waiver' as const, ...waiver }
      this.findings.push({ ...finding, object, file, template, fingerprint, accepted })
    }
  }
}

const isWorse = (severity: Severity, known: Severity | undefined) => !known || isMoreSevere(severity, known)

const rulesOf = ({ rules }: PlacedRole): GrantedRules => ({
  rules: rules.flatMap((rule) => ruleOf(rule) ?? []),
  paths: rules.flatMap((rule) => pathRuleOf(rule) ?? []),
})

function readBinding(
  { kind, name, roleRef, subjects }: PlacedBinding,
  namespace: string | null,
  source: Source,
): ReadBinding {
  return {
    kind,
    name,
    namespace,
    roleRef: { kind: roleRef.kind, name: roleRef.name, place: source.placeOf(roleRef.range) },
    subjects: subjects
      .filter((subject) => isBroad(subject, namespace))
      .map(({ range, ...subject }) => ({ ...subject, place: source.placeOf(range) })),
  }
}

/** The comment that Helm writes above each document. */
const templateOf = (text: string) => detached(/^# Source: (\S+)[ \t]*\r?$/m.exec(text)?.[1] ?? '') || null
