export { ROOT, textFiles, isGenerated, type TextFile } from './repository';
export { parseSource, type Source } from './source';
export { formatViolations, type Violation } from './violation';
