// A notice as a browser notification: what public/notices.js reads. A locked screen may show it, so it has no text of other people.
import type { Content } from './content.ts'
import { clipped } from './line.ts'

export const asPush = ({ thread, headline, sentences, link }: Content) => ({
  title: clipped(headline, 200),
  body: clipped(sentences.join(' '), 300),
  /** The browser replaces its earlier notification about the same. */
  tag: thread,
  /** Within Postern: the service worker opens no other site. */
  path: new URL(link.url).pathname,
})
