import { stripVTControlCharacters } from 'node:util';

/** A line as lines of at most so many characters that are seen, broken at spaces; the indentation of the first is that of all. A longer word stays whole. */
export function wrapped(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.slice(indent.length).split(' ')) {
    if (current !== '' && seen(indent) + seen(current) + 1 + seen(word) > width) {
      lines.push(indent + current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, indent + current];
}

/** Colours take no room. */
function seen(text: string): number {
  return stripVTControlCharacters(text).length;
}
