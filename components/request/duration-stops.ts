const usual = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440].map((minutes) => minutes * 60)

/** The stops of a duration slider, in seconds, up to and including the limit. */
export const durationStops = (maxSeconds: number, also: number[] = []): number[] =>
  [...new Set([...usual, ...also, maxSeconds])].filter((one) => one > 0 && one <= maxSeconds).sort((a, b) => a - b)
