/** proxy.ts sets this header on every request for a page: its path and query, which a page can't read otherwise. */
export const pathHeader = 'x-postern-path'
