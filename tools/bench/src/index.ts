export { compare, type CompareOptions, type Comparison } from './compare';
export type { JobFigures, ProcessFigures } from './measured-job';
