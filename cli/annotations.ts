// Annotations of GitHub Actions: lines on the standard output that it shows at their place in a change.
import { visible } from '#lib/core/access/visible-text'

/** A line of 0 is unknown. */
export type Annotation = { file: string; line: number; column: number; title: string; message: string }

// NB: a name in a manifest must not be able to write a command of its own.
const data = (text: string) => visible(text).replaceAll('%', '%25')
const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')

/** An error for each: a GitHub workflow command. */
export const annotationLines = (annotations: readonly Annotation[]): string =>
  annotations
    .map(({ file, line, column, title, message }) => {
      const place = line > 0 ? `,line=${line},col=${column}` : ''
      return `::error file=${property(file)}${place},title=${property(title)}::${data(message)}\n`
    })
    .join('')
