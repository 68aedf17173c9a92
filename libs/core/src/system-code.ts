/** The system's code of a failure, such as ENOENT; undefined where it has none. */
export function systemCode(error: unknown): string | undefined {
  // Not instanceof: errors of Node come from another realm than this module's in tests.
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
