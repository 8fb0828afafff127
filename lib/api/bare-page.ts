// A page for a browser when no page can be rendered. It is self-contained: it loads nothing and runs no script.

/** The Content-Security-Policy of a bare page whose styles have this nonce. */
export const barePagePolicy = (nonce: string) =>
  `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'`

const styles = `:root{color-scheme:light dark}
body{margin:0;min-height:100dvh;display:grid;place-content:center;padding:0 1rem;font:.875rem/1.5 ui-sans-serif,system-ui,sans-serif;
background:light-dark(oklch(.988 .003 170),oklch(.19 .008 190));color:light-dark(oklch(.23 .014 185),oklch(.93 .008 170))}
main{max-width:34rem}h1{font-size:1.5rem;line-height:1.25;font-weight:550;margin:0 0 .5rem}p{margin:0 0 .75rem}
a{color:light-dark(oklch(.5 .09 190),oklch(.78 .1 190))}`

const links = { again: '<a href="">Try again now</a>', home: '<a href="/">Open Postern</a>' }

/**
 * @param title, sentences constant text only, because they are inserted as HTML
 * @param link to the same page, which can work later, or to the first page
 */
export function barePage({
  title,
  sentences,
  nonce,
  link = 'again',
}: {
  title: string
  sentences: readonly string[]
  nonce: string
  link?: keyof typeof links
}): string {
  const paragraphs = sentences.map((sentence) => `<p>${sentence}</p>`).join('')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Postern</title><style nonce="${nonce}">${styles}</style></head>
<body><main><h1>${title}</h1>${paragraphs}<p>${links[link]}</p></main></body></html>
`
}
