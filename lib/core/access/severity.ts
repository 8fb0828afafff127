/** How grave a risk is, from least to most. */
export const severities = ['low', 'medium', 'high'] as const
export type Severity = (typeof severities)[number]
