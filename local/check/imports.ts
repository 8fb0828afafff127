import { posix } from 'node:path'
import { importTable, packageOwners, pureImports, type Room, toolConfiguration } from './import-table.ts'
import { isTestFile, lineAt, type Node, readSources, type Source, walk } from './source.ts'

// Checks every import against the import table, and that lib/core is pure.

const aliases: [prefix: string, folder: string, extension: string][] = [
  ['#lib/', 'lib/', '.ts'],
  ['#components/', 'components/', '.tsx'],
  ['#testing/', 'testing/', '.ts'],
  ['#local/', 'local/', '.ts'],
]

/** The path of the imported file, or the specifier itself for a package. */
function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier))
  const alias = aliases.find(([prefix]) => specifier.startsWith(prefix))
  return alias ? `${alias[1]}${specifier.slice(alias[0].length)}${alias[2]}` : specifier
}

const isOurs = (specifier: string) => /^[.#]/.test(specifier)

const packageOf = (specifier: string) =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

type Import = { specifier: string; names: string[] }

/** Everything that a file imports, values and types alike: in statements, in `import()` and in import types. */
function importsOf({ path, module, program, comments }: Source): Import[] {
  const found: Import[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    names: entries.map(({ importName, localName }) => importName.name ?? `* as ${localName.value}`),
  }))
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries)
      if (moduleRequest) found.push({ specifier: moduleRequest.value, names: [] })
  }
  walk(program, (node) => {
    if (node.type !== 'ImportExpression' && node.type !== 'TSImportType') return true
    const { value } = node.source as { value?: unknown }
    if (typeof value === 'string') found.push({ specifier: value, names: ['import()'] })
    return true
  })
  if (path.endsWith('js')) {
    for (const { value } of comments) {
      for (const [, specifier = ''] of value.matchAll(/import\('([^']+)'\)/g)) found.push({ specifier, names: [] })
    }
  }
  return found
}

const covers = (pattern: string, room: string) =>
  pattern.endsWith('/*') ? room.startsWith(pattern.slice(0, -1)) : pattern === room

function roomOf(table: readonly Room[], path: string): Room | undefined {
  const fitting = table.filter(({ name }) => path === name || path.startsWith(`${name}/`))
  return fitting.sort((one, other) => other.name.length - one.name.length)[0]
}

const listed = (names: readonly string[]) => names.join(', ')

/** Why this import is not allowed; undefined if it is. */
function whyNotAllowed(
  table: readonly Room[],
  from: string,
  room: Room,
  { specifier, names }: Import,
): string | undefined {
  const to = resolve(from, specifier)
  const owner = packageOwners.find((one) => one.package.test(to))
  if (owner && !owner.rooms.includes(room.name)) return owner.why
  if (!isOurs(specifier)) {
    const name = packageOf(specifier)
    if (room.packages && !room.packages.includes(name)) {
      const permitted = room.packages.length ? `no packages except ${listed(room.packages)}` : 'no packages'
      return `${room.name} may import ${permitted}, because ${room.why}`
    }
    const impure = room.packages && names.filter((one) => pureImports[name] && !pureImports[name].includes(one))
    return impure?.length ? `core may import only ${listed(pureImports[name] ?? [])} from ${name}` : undefined
  }
  const target = roomOf(table, to)
  if (!target) return `${to} is not in any room of local/check/import-table.ts`
  if (!room.isLocal && (target.isLocal || isTestFile(to))) return 'production code may not import test code'
  if (isTestFile(to) && !isTestFile(from)) return 'only tests may import a test file'
  if (target === room || room.imports.some((pattern) => covers(pattern, target.name))) return undefined
  const permitted = room.imports.length ? `only ${listed(room.imports)}` : 'no other room'
  return `${room.name} may import ${permitted}, because ${room.why}`
}

function breachesOf(table: readonly Room[], source: Source): string[] {
  const { path } = source
  if (toolConfiguration.test(path) || isTestFile(path)) return []
  const room = roomOf(table, path)
  if (!room) return [`${path} is not in any room of local/check/import-table.ts`]
  return importsOf(source).flatMap((one) => {
    const why = whyNotAllowed(table, path, room, one)
    return why === undefined ? [] : [`${path} imports ${resolve(path, one.specifier)}: ${why}`]
  })
}

const nameOf = (node: unknown): string => {
  const { type, name, object, property } = (node ?? {}) as Partial<Node>
  if (type === 'Identifier') return String(name)
  return type === 'MemberExpression' ? `${nameOf(object)}.${nameOf(property)}` : ''
}

/** Globals whose values change, or that reach outside the process. */
const impureNames = new Set([
  ...['process', 'fetch', 'globalThis', 'console', 'performance', 'navigator', 'crypto', 'Promise'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
])
const impureMembers = new Set(['Date.now', 'Math.random', 'Temporal.Now', 'import.meta'])

/** The impure construct of this node, if it is one. */
function impurityOf(node: Node): string | undefined {
  const { type } = node
  if (type === 'AwaitExpression' || (type === 'ForOfStatement' && node.await === true)) return 'await'
  if (/Function/.test(type) && node.async === true) return 'async'
  if (type === 'ImportExpression') return 'import()'
  if (type === 'MetaProperty') return 'import.meta'
  if (type === 'NewExpression' || type === 'CallExpression') {
    const isNow = nameOf(node.callee) === 'Date' && (type === 'CallExpression' || (node.arguments as []).length === 0)
    return isNow ? 'the clock' : undefined
  }
  if (type === 'MemberExpression' && impureMembers.has(nameOf(node))) return nameOf(node)
  return undefined
}

/** Uses of impure globals. Fields, parameters and types that only have the same name do not count. */
function impureGlobals(program: unknown): Node[] {
  const found: Node[] = []
  const own = new Set<string>()
  const declare = (pattern: unknown) =>
    walk(pattern, (node) => {
      if (node.type === 'Identifier') own.add(String(node.name))
      return true
    })
  const enter = (node: Node): boolean => {
    if (node.type.startsWith('TS') && !/Expression|AsExpression|NonNull|Satisfies/.test(node.type)) return false
    if (node.type === 'VariableDeclarator') declare(node.id)
    if (Array.isArray(node.params)) declare(node.params)
    if (node.type === 'ImportDeclaration') declare(node.specifiers)
    if (node.type === 'MemberExpression' && node.computed !== true) {
      walk(node.object, enter)
      return false
    }
    if (node.type === 'Property' && node.computed !== true) {
      walk(node.value, enter)
      return false
    }
    if (node.type === 'Identifier' && impureNames.has(String(node.name))) found.push(node)
    return true
  }
  walk(program, enter)
  return found.filter(({ name }) => !own.has(String(name)))
}

function impuritiesOf({ path, text, program }: Source): string[] {
  if (!path.startsWith('lib/core/') || isTestFile(path)) return []
  const found: [offset: number, what: string][] = impureGlobals(program).map(({ start, name }) => [start, String(name)])
  walk(program, (node) => {
    const what = impurityOf(node)
    if (what) found.push([node.start, what])
    return true
  })
  return found
    .sort(([one], [other]) => one - other)
    .map(
      ([offset, what]) =>
        `${path}:${lineAt(text, offset)} uses ${what}: core receives time, randomness and facts as arguments`,
    )
}

/** Problems of the table itself: a room may import only rooms above it, which rules out cycles. */
export function tableProblems(table: readonly Room[] = importTable): string[] {
  return table.flatMap(({ name, imports }, at) => {
    const above = table.slice(0, at)
    return imports
      .filter((pattern) => !above.some((room) => covers(pattern, room.name)))
      .map((pattern) => `the import table lets ${name} import ${pattern}, which is not above it: that could be a cycle`)
      .concat(
        imports
          .filter((pattern) => table.slice(at).some((room) => covers(pattern, room.name)))
          .filter((pattern) => above.some((room) => covers(pattern, room.name)))
          .map((pattern) => `the import table lets ${name} import ${pattern}, but not all of these are above it`),
      )
  })
}

/** Every import that the table does not allow, and every place where core waits, reads a clock or reaches outside. */
export function importBreaches(checkout: string): string[] {
  const sources = readSources(checkout)
  return [
    ...tableProblems(),
    ...sources.flatMap((source) => breachesOf(importTable, source)),
    ...sources.flatMap(impuritiesOf),
  ]
}
