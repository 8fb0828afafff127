import type { ReactNode } from 'react'
import { I18nProvider } from 'react-aria-components/I18nProvider'

// React Aria adds a style element to the page, which the Content-Security-Policy allows only with the document's nonce.
// It looks for the nonce here.
Object.assign(globalThis, { __webpack_nonce__: document.querySelector<HTMLElement>('script[nonce]')?.nonce })

/** Around every picker: its hidden instructions are in the language of the pages, not in that of the browser. */
export const PickerLanguage = ({ children }: { children: ReactNode }) => (
  <I18nProvider locale="en">{children}</I18nProvider>
)
