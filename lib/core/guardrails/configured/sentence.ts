// What a person reads when a guardrail came in.
import { visibleText } from '#lib/core/access/visible-text'
import type { Context } from '#lib/core/guardrails/cel/vocabulary'
import type { CompiledGuardrail } from './compile.ts'

const longest = 600

/** One line, without characters that hide or reorder: messages may quote what people and clusters say. */
const plainLine = (text: string) =>
  visibleText(text.slice(0, longest))
    .map((part) => ('text' in part ? part.text : `[${part.codePoint}]`))
    .join('')
    .replace(/\s+/g, ' ')
    .trim()

function computed({ message }: CompiledGuardrail, context: Context | null): string {
  if (!message || !context) return ''
  try {
    const answer = message.run(context)
    return typeof answer === 'string' ? plainLine(answer) : ''
  } catch {
    // As in Kubernetes, a message that fails leaves the verdict as it is and is replaced by the plain one.
    return ''
  }
}

/** The message of a guardrail, else why it exists, and where to read more. */
export function sentenceOf(compiled: CompiledGuardrail, context: Context | null): string {
  const { message, description, link } = compiled.guardrail
  const sentence = computed(compiled, context) || message || description
  return link ? `${sentence} See ${link}` : sentence
}
