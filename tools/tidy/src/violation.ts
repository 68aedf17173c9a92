/** One broken law: where, what, and what to do. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
  readonly fix: string;
}

/** The terminal form, one violation a line with its fix, so that editors make the place clickable. */
export function formatViolations(violations: readonly Violation[]): string {
  return violations.map(({ path, line, message, fix }) => `${path}:${line}  ${message}  Fix: ${fix}`).join('\n');
}
