/** From least to most severe. */
export const severities = ['low', 'medium', 'high'] as const
export type Severity = (typeof severities)[number]

/** For sorting: least severe first. */
export const compareSeverity = (a: Severity, b: Severity): number => severities.indexOf(a) - severities.indexOf(b)

export const isMoreSevere = (severity: Severity, other: Severity): boolean => compareSeverity(severity, other) > 0
