/**
 * A cell in quotes. Text from people may begin with a character that makes a spreadsheet evaluate the cell, so an apostrophe
 * keeps it text; spreadsheets also skip spaces and control characters before such a character.
 */
function cell(value: string | null | undefined): string {
  const text = value ?? ''
  const isFormula = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u.test(text)
  return `"${(isFormula ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** RFC 4180. */
export const csvLine = (cells: readonly (string | null | undefined)[]) => `${cells.map(cell).join(',')}\r\n`
