import type { SourceFinding } from '@weir/rpc';
import { colour } from '../output';
import { printable } from '../terminal-text';

/** What was found of a source, one finding below the other: what is wrong with code, place and fix. */
export function findingLines(findings: readonly SourceFinding[]): string[] {
  const width = Math.max(...findings.map(({ what }) => printable(what).length));
  return findings.flatMap(({ what, right, told, fix, code, place }) => {
    const word = right ? colour.good('right') : colour.bad('wrong');
    const below = ' '.repeat(width + 11);
    return [
      `  ${word}  ${colour.name(printable(what).padEnd(width))}  ${printable(told)}`,
      ...(right ? [] : [`${below}${colour.bad(code)}${place === '' ? '' : `  ${printable(place)}`}`]),
      ...(fix === '' ? [] : [`${below}Fix: ${printable(fix)}`]),
    ];
  });
}
