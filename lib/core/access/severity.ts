/** How grave a risk is, from least to most. */
export const severities = ['low', 'raised', 'severe'] as const
export type Severity = (typeof severities)[number]
