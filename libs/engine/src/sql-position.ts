/** Line and column, from 1, of a byte offset in a text. */
export function positionAt(text: string, byteOffset: number): { line: number; column: number } {
  const before = Buffer.from(text).subarray(0, Math.max(0, byteOffset)).toString('utf8');
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: before.length - lineStart + 1 };
}
