import { cookies } from 'next/headers'
import { type Theme, themes } from '#components/layout/theme-choice'

export const themeCookie = 'postern.theme'

const isTheme = (text: string | undefined): text is Theme => (themes as readonly (string | undefined)[]).includes(text)

/** The theme chosen in this browser; `system` if none was. */
export async function chosenTheme(): Promise<Theme> {
  const value = (await cookies()).get(themeCookie)?.value
  return isTheme(value) ? value : 'system'
}
