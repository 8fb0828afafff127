// Finds the RBAC objects of a document: on its own, in lists, in texts, and inside of objects that apply other objects, such
// as an OpenShift Template, a SyncSet of Hive or a ManifestWork of Open Cluster Management.
import { type Document, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { DocumentSplitter } from './documents.ts'
import { holdsManifest, rangeInScalar } from './inner-texts.ts'
import { parseYaml } from './parse-yaml.ts'
import { readPatch } from './patches.ts'
import { isRbacKind, type PlacedObject, type RbacApi, type RbacKind, rbacApiOf } from './rbac-objects.ts'
import { ObjectReader } from './read-object.ts'
import type { Range, Source } from './source.ts'
import { type Entry, Nodes, Unreadable } from './yaml-nodes.ts'

export type Problem = { message: string; range: Range }

/**
 * Can this text contain an RBAC object, or a list that kubectl refuses? If not, it is not parsed. Without `Role` in the
 * text, YAML can produce the word only by an escape in quotes or by a tag, and a template can produce anything.
 */
export const mayHoldRbac = (text: string): boolean =>
  /Role|ClusterServiceVersion|authorization\.(?:k8s|openshift)\.io|addons\.cluster\.x-k8s\.io|\\[xuU\r\n]|!!binary|%TAG|\{\{/.test(
    text,
  ) || hasItems(text)

const hasItems = (text: string) => /^["']?items["']?[ \t]*:/m.test(text)

/** Is any part of this text a Kubernetes object? It may be too damaged to be parsed. */
const mayBeKubernetes = (text: string): boolean =>
  /apiVersion|^[ \t-]*["']?kind["']?[ \t]*:|\\[xuU\r\n]|!!binary|%TAG/m.test(text)

/** For the count of other files: every object has both keys. */
export const looksLikeKubernetes = (text: string): boolean => text.includes('apiVersion') && text.includes('kind')

/**
 * `problems` prevent a result. `unread` are parts that may or may not be applied, such as a text in a ConfigMap, and that
 * could not be read.
 */
export type Found = { objects: PlacedObject[]; problems: Problem[]; unread: Problem[] }

/** Reads one document. The objects that could be read are returned even if there are problems. */
export function findObjects(source: Source): Found {
  const { text } = source
  const found: Found = { objects: [], problems: [], unread: [] }
  const { problems } = found
  // Files of other programs may be templates, or have tags and keys of their own.
  if (!mayBeKubernetes(text) && !isWholeTemplate(text) && !hasItems(text)) return found
  try {
    const parsed = parseYaml(text)
    const wrong = syntaxProblem(parsed.problems, text)
    if (wrong && (mayBeKubernetes(text) || isWholeTemplate(text))) problems.push(wrong)
    if (wrong) return found
    for (const document of parsed.documents) findIn(document, text, found, asItIs, 0)
  } catch (error) {
    problems.push(problemOf(error))
  }
  return { ...found, problems: problems.map((problem) => withTemplate(problem, text)) }
}

type RangeInSource = (range: Range) => Range
const asItIs: RangeInSource = (range) => range

function findIn(document: Document, text: string, found: Found, rangeInSource: RangeInSource, textDepth: number) {
  const nodes = new Nodes(document, text.includes('&'), rangeInSource)
  new Finder(nodes, { text, rangeInSource, textDepth }, found).read(document.contents, null, 0)
}

/** How deeply texts may be in texts. */
const maxTextDepth = 3

/** Reads a text inside of a document. It may be for another program, so that it cannot be read is no problem. */
function findInText(text: string, found: Found, rangeInSource: RangeInSource, textDepth: number) {
  if (!holdsManifest(text)) return
  const unread = (reason: string, range: Range) => {
    if (text.includes('Role')) found.unread.push({ message: `a text that mentions roles: ${reason}`, range })
  }
  if (textDepth >= maxTextDepth) return unread(tooDeep, rangeInSource([0, 1]))
  const splitter = new DocumentSplitter()
  for (const { text: part, line } of [...splitter.push(text), ...splitter.end()]) {
    if (part === null) return unread('it is too long', rangeInSource([0, 1]))
    const start = offsetOfLine(text, line)
    const placed: RangeInSource = ([from, to]) => rangeInSource([start + from, start + to])
    const inner: Found = { objects: [], problems: [], unread: [] }
    try {
      const parsed = parseYaml(part)
      const wrong = syntaxProblem(parsed.problems, part)
      if (wrong) inner.problems.push({ ...wrong, range: placed(wrong.range) })
      else for (const document of parsed.documents) findIn(document, part, inner, placed, textDepth)
    } catch (error) {
      inner.problems.push(problemOf(error))
    }
    found.objects.push(...inner.objects)
    found.unread.push(...inner.unread)
    for (const { message, range } of inner.problems) {
      unread(part.includes('{{') ? isTemplate : message, range[1] > 0 ? range : placed([0, 1]))
    }
  }
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0
  for (let before = 1; before < line; before++) offset = text.indexOf('\n', offset) + 1
  return offset
}

const isTemplate = 'this is a template: render it first (helm template, kustomize build) and check the output'
/** An action of a template outside of quotes and comments. */
const action = /^[^#"'`\n\r\u2028\u2029]*\{\{/m
/** A line that is nothing but an action, which may produce any object. */
const isWholeTemplate = (text: string) => /^[ \t]*\{\{(?!.*\}\}["']?[ \t]*:)/m.test(text)

/** `{{ … }}`, which for the parser is a mapping whose key is a mapping. */
const isAction = (node: Node | null) => isMap(node) && isMap(node.items[0]?.key)

/** For the parser, the braces of a template are a mapping. The actual problem is that it was not rendered. */
const withTemplate = (problem: Problem, text: string): Problem =>
  text.slice(Math.max(0, problem.range[0] - 1), problem.range[1] + 1).includes('{{')
    ? { ...problem, message: isTemplate }
    : problem

function problemOf(error: unknown): Problem {
  if (error instanceof Unreadable) return { message: error.message, range: error.range }
  // The parser is recursive, so deep nesting overflows the stack.
  if (error instanceof RangeError) return { message: tooDeep, range: [0, 0] }
  throw error
}

const tooDeep = 'nested too deeply'

/** The line of an offset and the line before it. */
function linesBefore(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  const start = text.lastIndexOf('\n', text.lastIndexOf('\n', offset - 1) - 1)
  return text.slice(Math.max(0, start), end < 0 ? text.length : end)
}

/** A hostile document can have one problem for each character. */
const maxProblems = 20

/** The first problem of the parser; if a template is the cause, the first one that it caused. */
function syntaxProblem(problems: readonly { message: string; pos: [number, number] }[], text: string): Problem | null {
  const [first] = problems
  if (!first) return null
  if (first.message.startsWith('Maximum call stack')) return { message: tooDeep, range: first.pos }
  const ofTemplate =
    text.includes('{{') && problems.slice(0, maxProblems).find(({ pos }) => action.test(linesBefore(text, pos[0])))
  if (ofTemplate) return { message: isTemplate, range: ofTemplate.pos }
  return { message: `invalid YAML: ${first.message}`, range: first.pos }
}

/** How deeply lists may be nested in lists. */
const maxDepth = 4
const noParameters: ReadonlyMap<string, string> = new Map()

/** The text of the document, and where it is in the file. */
type Where = { text: string; rangeInSource: RangeInSource; textDepth: number }

class Finder {
  readonly #nodes: Nodes
  readonly #where: Where
  readonly #found: Found
  #parameters = noParameters

  constructor(nodes: Nodes, where: Where, found: Found) {
    this.#nodes = nodes
    this.#where = where
    this.#found = found
  }

  /** @param list the kind and API of the items of a typed list such as RoleList, which need not specify it themselves */
  read(node: unknown, list: { kind: RbacKind; api: RbacApi } | null, depth: number) {
    if (depth > maxDepth) throw new Unreadable(tooDeep, this.#nodes.rangeOf(node))
    const items = this.#nodes.items(node)
    if (items) {
      for (const item of items) this.#readSafely(() => this.read(item, list, depth + 1))
      return
    }
    const map = this.#nodes.resolve(node)
    if (!isMap(map)) return
    if (list || this.#mayBeObject(map)) this.#readObject(map, node, list, depth)
    else this.#readOther(map, depth)
  }

  /** Other mappings are not read as a whole, because in the files of other programs anything may be a key. */
  #mayBeObject(map: YAMLMap): boolean {
    if (this.#nodes.own(map, '<<')) return true
    const [kind, apiVersion] = [this.#ownText(map, 'kind'), this.#ownText(map, 'apiVersion')]
    if (kind === null && isAction(this.#nodes.own(map, 'kind')))
      throw new Unreadable(isTemplate, this.#nodes.rangeOf(this.#nodes.own(map, 'kind')))
    if (kind === null) return apiVersion !== null && rbacApiOf(apiVersion) === 'kubernetes'
    return isRbacKind(kind) || kind.endsWith('List')
  }

  #ownText = (map: YAMLMap, key: string) => {
    const node = this.#nodes.own(map, key)
    return node && (this.#nodes.text(node)?.value ?? null)
  }

  #readObject(map: YAMLMap, node: unknown, list: { kind: RbacKind; api: RbacApi } | null, depth: number) {
    let entries = this.#nodes.entries(map) ?? new Map<string, Entry>()
    const [kind, apiVersion] = [this.#textOf(entries, 'kind'), this.#textOf(entries, 'apiVersion')]
    const items = entries.has('items') ? this.#nodes.items(entries.get('items')?.value) : null
    if (kind?.endsWith('List') && entries.has('items')) {
      const of = kind.slice(0, -'List'.length)
      const api = apiVersion === null ? null : rbacApiOf(apiVersion)
      const typed = isRbacKind(of) && api ? { kind: of, api } : null
      for (const item of items ?? []) this.#readSafely(() => this.read(item, typed, depth + 1))
      return
    }
    const api = apiVersion === null ? (list?.api ?? null) : rbacApiOf(apiVersion)
    const ownKind = kind ?? (apiVersion === null || list ? (list?.kind ?? null) : null)
    if (ownKind === null && api === 'kubernetes')
      throw new Unreadable(items ? listWithoutKind : 'an object must have a kind', this.#nodes.rangeOf(node))
    if (ownKind === null || !isRbacKind(ownKind)) return this.#readOther(map, depth)
    if (apiVersion === null && !list)
      throw new Unreadable(`a ${ownKind} must have an apiVersion`, this.#nodes.rangeOf(node))
    if (!api) return
    if (!entries.has('metadata') && entries.has('patch'))
      return this.#readPatch(map, { apiVersion: apiVersion ?? '', kind: ownKind })
    const generated = entries.has('metadata') ? null : this.#nodes.entries(entries.get('data')?.value)
    if (generated) {
      // A rule of Kyverno: the name stands beside the data.
      const metadata: Entry = { key: { value: 'metadata', range: [0, 0] }, value: map, range: this.#nodes.rangeOf(map) }
      entries = new Map([...generated, ['metadata', metadata]])
    }
    this.#found.objects.push(this.#reader().read(entries, node, ownKind, api))
  }

  #reader = () => new ObjectReader(this.#nodes, this.#parameters)

  #readPatch(map: YAMLMap, { apiVersion, kind }: { apiVersion: string; kind: string }) {
    const [name, patch] = [this.#ownText(map, 'name'), this.#ownText(map, 'patch')]
    const node = this.#nodes.own(map, 'patch')
    const range = this.#where.rangeInSource(rangeInScalar(this.#where.text, node)([0, patch?.length ?? 0]))
    const what = `a patch of ${kind} ${name}`
    if (name === null || patch === null)
      throw new Unreadable('a patch must have a name and a text', this.#nodes.rangeOf(map))
    const read = readPatch({ apiVersion, kind, name, namespace: this.#ownText(map, 'namespace') }, patch)
    if ('problem' in read) this.#found.unread.push({ message: `${what}: ${read.problem}`, range })
    else if (read.object !== null) {
      const inner: Found = { objects: [], problems: [], unread: [] }
      for (const document of parseYaml(read.object).documents) findIn(document, read.object, inner, () => range, 0)
      this.#found.objects.push(...inner.objects)
      for (const { message } of inner.problems) this.#found.unread.push({ message: `${what}: ${message}`, range })
    }
  }

  /** The permissions that Operator Lifecycle Manager grants to the service accounts of an operator. */
  #readOperator(operator: YAMLMap) {
    const inside = (node: unknown, key: string) => {
      const map = this.#nodes.resolve(node)
      return isMap(map) ? this.#nodes.own(map, key) : null
    }
    const metadata = inside(operator, 'metadata')
    const spec = inside(operator, 'spec')
    const install = inside(inside(spec, 'install'), 'spec')
    const modes = this.#nodes.items(inside(spec, 'installModes')) ?? []
    const textIn = (node: unknown, key: string) => this.#nodes.text(inside(node, key))?.value ?? null
    const isForAll = modes.some((mode) => {
      const supported = this.#nodes.resolve(inside(mode, 'supported'))
      return textIn(mode, 'type') === 'AllNamespaces' && isScalar(supported) && supported.value === true
    })
    for (const key of ['clusterPermissions', 'permissions']) {
      const isClusterWide = key === 'clusterPermissions' || isForAll
      for (const node of this.#nodes.items(inside(install, key)) ?? []) {
        this.#readSafely(() => {
          const account = textIn(node, 'serviceAccountName') ?? 'default'
          const name = `${textIn(metadata, 'name')}/${account}`
          const namespace = isClusterWide ? null : textIn(metadata, 'namespace')
          const read = this.#reader().permissions(node, { name, account, namespace, isClusterWide })
          this.#found.objects.push(...read)
        })
      }
    }
  }

  /** A mapping that is not an RBAC object itself: an object that applies others, or a file of another program. */
  #readOther(map: YAMLMap, depth: number) {
    this.#refuseListWithoutKind(map)
    const kind = this.#ownText(map, 'kind')
    const before = this.#parameters
    if (kind === 'Template') this.#parameters = this.#parametersOf(map)
    if (kind === 'ClusterServiceVersion') this.#readOperator(map)
    if (kind === 'Secret') this.#readSecret(map)
    this.#walk(map, depth)
    this.#parameters = before
  }

  /** Reads every object inside of a node. Aliases are not followed: their targets are read where they stand. */
  #walk(node: unknown, depth: number) {
    if (isSeq(node)) for (const item of node.items) this.#visit(item as Node, depth)
    if (!isMap(node)) return
    // A policy of Open Cluster Management that removes the object below it.
    const isAbsent = /^mustnothave$/i.test(this.#ownText(node, 'complianceType') ?? '')
    if (isAbsent) return
    // Annotations are not applied; some have a copy of the object itself.
    const isObject = this.#nodes.own(node, 'kind') !== null
    for (const { key, value } of node.items) {
      if (isObject && isScalar(key) && key.value === 'metadata') continue
      this.#visit(value as Node | null, depth)
    }
  }

  #visit(node: unknown, depth: number) {
    if (isMap(node) && this.#isInnerObject(node)) this.#readSafely(() => this.read(node, null, depth))
    else if (isScalar(node) && typeof node.value === 'string') {
      const inScalar = rangeInScalar(this.#where.text, node)
      this.#readText(node.value, (range) => this.#where.rangeInSource(inScalar(range)))
    } else this.#walk(node, depth)
  }

  #readText(text: string, rangeInSource: RangeInSource) {
    findInText(text, this.#found, rangeInSource, this.#where.textDepth + 1)
  }

  /** The manifests of a ClusterResourceSet, which Cluster API applies. Other Secrets are not decoded. */
  #readSecret(secret: YAMLMap) {
    if (this.#ownText(secret, 'type') !== 'addons.cluster.x-k8s.io/resource-set') return
    const data = this.#nodes.resolve(this.#nodes.own(secret, 'data'))
    if (!isMap(data)) return
    for (const { value } of data.items) {
      const encoded = this.#nodes.text(value)
      if (!encoded) continue
      this.#readText(new TextDecoder().decode(Buffer.from(encoded.value, 'base64')), () => encoded.range)
    }
  }

  /** Unlike a reference such as an owner, an object has more than a name. */
  #isInnerObject(map: YAMLMap): boolean {
    const hasOwn = (key: string) => this.#nodes.own(map, key) !== null
    if (!(hasOwn('<<') || (hasOwn('apiVersion') && hasOwn('kind')))) return false
    return ['<<', 'metadata', 'rules', 'roleRef', 'items', 'objects', 'patch', 'data'].some(hasOwn)
  }

  /** The parameters of a Template that have a value. */
  #parametersOf(map: YAMLMap): ReadonlyMap<string, string> {
    const items = this.#nodes.items(this.#nodes.own(map, 'parameters')) ?? []
    return new Map(
      items.flatMap((item) => {
        const parameter = this.#nodes.resolve(item)
        if (!isMap(parameter)) return []
        const [name, value] = [this.#ownText(parameter, 'name'), this.#ownText(parameter, 'value')]
        return name !== null && value !== null ? [[name, value] as const] : []
      }),
    )
  }

  /** kubectl refuses such a list, so its roles would be missing without a word. */
  #refuseListWithoutKind(map: YAMLMap) {
    const items = this.#nodes.items(this.#nodes.own(map, 'items'))
    if (!items || this.#ownText(map, 'kind') !== null) return
    const isObject = (item: unknown) => {
      const node = this.#nodes.resolve(item)
      if (!isMap(node)) return false
      const has = (key: string) => this.#nodes.own(node, key) !== null
      return (
        (has('kind') && (has('apiVersion') || has('metadata'))) || (has('metadata') && (has('rules') || has('roleRef')))
      )
    }
    if (this.#ownText(map, 'apiVersion') !== null || items.some(isObject))
      throw new Unreadable(listWithoutKind, this.#nodes.rangeOf(map))
  }

  /** A problem with one item does not affect the others. */
  #readSafely(read: () => void) {
    try {
      read()
    } catch (error) {
      this.#found.problems.push(problemOf(error))
    }
  }

  #textOf(entries: Map<string, Entry>, key: string): string | null {
    const entry = entries.get(key)
    if (!entry || this.#nodes.isNothing(entry.value)) return null
    const text = this.#nodes.text(entry.value)
    if (!text) throw new Unreadable(`${key} must be a string`, this.#nodes.rangeOf(entry.value))
    return text.value
  }
}

const listWithoutKind = 'a list must have a kind, such as List'
