/** Seconds after which a browser session ends, however active it is: then the person signs in again. */
export const sessionSeconds = 3600
