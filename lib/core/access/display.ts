// How a browser shows Postern, as far as the server and its pages both need to know.

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** The cookie in which a page tells the server the time zone of its browser. */
export const browserZoneCookie = 'postern.browser-zone'
