// Prepares the lines of a paste for the shell reader: takes off prompts, bullets and code fences, and separates manifests
// and comments from commands.

export type ScriptLines = {
  script: string
  /** Each pasted manifest: everything from `apiVersion:`, `kind:`, `---` or `{` to the next command. */
  manifests: string[]
  comments: string
}

/** A word with which a command line starts, and a position in front of it. */
const starter =
  /(?:^|[\s`])(?=@?-?(?:sudo|doas|env|time|watch|for|if|while|until|export|kubectl|kubectl\.exe|kubecolor|k|kc|oc|helm|flux|velero|stern|k9s|argocd)\s)/i

/** `$`, `root@host:~#`, `[jane@host ~]$`, `PS C:\>`, `sh-5.1$`, `(prod) ➜`; not a text that only ends in such a sign. */
function isPrompt(prefix: string): boolean {
  if (!/[$#%>❯➜»›λ⟩▶→⎈)]$|➜\s+\S+$/u.test(prefix) || prefix.split(/\s+/).length > 5) return false
  return /^[^\p{L}\d]{1,5}$|[@~\\\]/⎈➜:)]|^[a-z]*sh-?[\d.]*[$#]$|^[\w.-]+[$%❯]$/u.test(prefix)
}

const isBullet = (prefix: string) => /^(?:[-*+•‣◦·]|\d{1,5}[.):]?|[a-z][.)])$/i.test(prefix)

/** `run:`, `Step 2:`, `- command:`; not a message of kubectl. */
const isHeading = (prefix: string) =>
  /^(?:[-*] )?[\w .-]{1,40}:$/.test(prefix) && !/^(?:warning|error|note|hint|deprecated|fatal)/i.test(prefix)

/** `["kubectl", "get", "pods"]`, as programs and pipelines write a command. */
function fromList(line: string): string {
  const start = line.search(/["'](?:kubectl|oc|helm)["'],/)
  if (start < 0) return line
  const [list = ''] = line.slice(start).split(']', 1)
  // Python marks texts as `u'web'`.
  return list.replace(/["'], {0,4}u?["']/g, ' ').replace(/["']/g, '')
}

/** `C:\Users\jane>`, which Windows writes without a space behind it. */
const windowsPrompt = /^\s{0,9}(?:PS )?[A-Za-z]:\\[^<>|"*?]{0,200}>[ \t]{0,9}/

function withoutPrompt(given: string): string {
  const line = given.replace(windowsPrompt, '')
  const found = starter.exec(line)
  if (!found) return fromList(line)
  const at = found.index + found[0].length
  const prefix = line.slice(0, at).trim()
  const isTaken = prefix === '' || isBullet(prefix) || isHeading(prefix) || (prefix.length <= 150 && isPrompt(prefix))
  return isTaken ? line.slice(at).replace(/^[@-](?=\w)/, '') : fromList(line)
}

const opensManifest = /^[ \t]{0,20}(?:---[ \t]*$|apiVersion:|kind:)|^\{\s{0,9}(?:"|$)/
const startsCommand = /^[ \t]{0,8}(?:[$#%>❯] )?(?:sudo )?(?:kubectl|oc|helm)\s/i
const opensDocument = /(?:^|[^<])<<-?[ \t]{0,10}['"\\]?(\w{1,60})['"]?(?![\w>])/

/** The quotation mark that a command leaves open at the end of its line; null for none. */
function openQuote(line: string): string | null {
  if (!startsCommand.test(line)) return null
  return ['"', "'"].find((quote) => (line.split(quote).length - 1) % 2 === 1) ?? null
}

/** A line of a fence, or of a frame around a listing. */
const isFence = (line: string) => /^\s*(?:`{3}[^`]*|~{3}.*|[-=.+]{4,}\s*|\[source.*\]\s*)$/.test(line)

/** Quotation marks of chats and frames of terminals in front of a line. */
const withoutFrame = (line: string) => line.replace(/^[ \t]*(?:[│┃][ \t]?|>{1,5}[ \t])/, '')

export function scriptLinesOf(text: string): ScriptLines {
  const script: string[] = []
  const comments: string[] = []
  const manifests: string[][] = []
  let mark: string | null = null
  let quote: string | null = null
  let manifest: string[] | null = null
  // A command that was copied without its next lines.
  for (const given of text.replace(/\\\s{0,99}$/, '').split('\n')) {
    const line = withoutFrame(given)
    if (mark !== null) {
      // Nothing is taken off inside a here-document, because it may be a manifest.
      script.push(line)
      if (line.trim() === mark) mark = null
      continue
    }
    if (quote !== null && !startsCommand.test(line)) {
      script.push(line)
      if (line.includes(quote)) quote = null
      continue
    }
    if (isFence(line)) {
      manifest = null
      continue
    }
    if (manifest && !startsCommand.test(line)) {
      manifest.push(line)
      continue
    }
    manifest = null
    if (opensManifest.test(line)) {
      manifest = [line]
      manifests.push(manifest)
      continue
    }
    const command = withoutPrompt(line).replace(/`{2,}/g, '`')
    if (/^\s*#/.test(command)) comments.push(command.replace(/^\s*#+/, ''))
    else script.push(command)
    mark = opensDocument.exec(command)?.[1] ?? null
    quote = mark === null ? openQuote(command) : null
  }
  return {
    script: script.join('\n'),
    manifests: manifests.map((lines) => lines.join('\n')),
    comments: comments.join('\n'),
  }
}
