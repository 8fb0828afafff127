/** Set by proxy.ts on every request for a page: its path and query, which a page cannot read otherwise. */
export const pathHeader = 'x-postern-path'
