export { compare, type CompareOptions, type Comparison, type JobFigures, type ProcessFigures } from './compare';
