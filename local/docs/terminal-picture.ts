// The picture of a terminal in the README: docs/terminal-session.txt as an SVG. The test of the story compares that file with
// what the programs print.
import { readFileSync } from 'node:fs'

const columns = 100
const [cell, row, margin] = [7.8, 19, 20]

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A line in rows, each of which ends at a space. */
function wrapped(line: string): string[] {
  if (line.length <= columns) return [line]
  const end = line.lastIndexOf(' ', columns)
  return end > 0 ? [line.slice(0, end), ...wrapped(line.slice(end + 1))] : [line]
}

const style =
  `text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#26302e;white-space:pre}` +
  '.b{fill:#fff;stroke:#9aa8a4}.c{font-weight:600;fill:#0c5a5a}' +
  '@media(prefers-color-scheme:dark){text{fill:#dfe7e4}.b{fill:#1a2120;stroke:#56635f}.c{fill:#8fdcda}}'

export function terminalPicture(): string {
  const session = readFileSync(new URL('../../docs/terminal-session.txt', import.meta.url), 'utf8').trimEnd()
  const rows = session
    .split('\n')
    .flatMap((line) => wrapped(line).map((text) => ({ text, isCommand: line.startsWith('$ ') })))
  const [width, height] = [columns * cell + 2 * margin, rows.length * row + 2 * margin]
  const texts = rows.map(({ text, isCommand }, index) => {
    const place = `x="${margin}" y="${margin + (index + 1) * row - 5}"${isCommand ? ' class="c"' : ''}`
    // The letters keep their columns, whatever the width of those that the viewer has.
    return (
      text &&
      `<text ${place} textLength="${(text.length * cell).toFixed(1)}" xml:space="preserve">${escaped(text)}</text>\n`
    )
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">
<title id="t">A session in a terminal</title>
<desc id="d">${escaped(session)}</desc>
<style>${style}</style>
<rect class="b" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${texts.join('')}</svg>
`
}
