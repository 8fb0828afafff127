/** The values of an option that may be given several times, in their order. For commander's `argParser`. */
export const collect = (value: string, previous: string[] = []): string[] => [...previous, value]
