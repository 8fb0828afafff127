// The message of a guardrail that matched.
import { visibleText } from '#lib/core/access/visible-text'
import type { Context } from '#lib/core/guardrails/cel/vocabulary'
import type { CompiledGuardrail } from './compile.ts'

const longest = 600

/** One line, without characters that hide or reorder text: messages may quote what people wrote and clusters returned. */
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
    // As in Kubernetes, a message that fails does not change the verdict, and the plain message replaces it.
    return ''
  }
}

/** The message of a guardrail, or its description, with its link. */
export function sentenceOf(compiled: CompiledGuardrail, context: Context | null): string {
  const { message, description, link } = compiled.guardrail
  const sentence = computed(compiled, context) || message || description
  return link ? `${sentence} See ${link}` : sentence
}
