/** One problem in postern.yaml or a file beside it. Lines and columns count from 1; 1:1 if the place is not known. */
export type ConfigurationProblem = { file: string; line: number; column: number; path: string; message: string }
