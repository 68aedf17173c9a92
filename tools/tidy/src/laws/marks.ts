import type { TextFile } from '../repository';
import { asNode, calleeName, walk, type Source } from '../source';
import type { Violation } from '../violation';

const SWITCHED_OFF = /^(x(it|test|describe)|f(it|describe)|(test|it|describe)(\.\w+)*\.(only|skip|todo|failing))(\.\w+)*$/;
// Put together so that this file does not break its own law.
const LATER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME'].join('|')})\\b`);

/** No test is focused, skipped or promised for later. */
export function switchedOffTests(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const source of sources.filter(({ path }) => path.endsWith('.test.ts'))) {
    walk(source.tree, (node, ancestors) => {
      const isPart = ancestors.at(-1)?.type === 'MemberExpression';
      const isName = node.type === 'MemberExpression' || (node.type === 'Identifier' && asNode(ancestors.at(-1)?.['callee']) === node);
      if (isPart || !isName || !SWITCHED_OFF.test(calleeName(node))) return;
      violations.push({ path: source.path, line: source.lineOf(node), message: `\`${calleeName(node)}\` switches tests off.`, fix: 'Make the test pass, or delete it.' });
    });
  }
  return violations;
}

/** No file puts work off to later in a comment. */
export function putOffWork(files: readonly TextFile[]): Violation[] {
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((text, index) => {
      const mark = LATER.exec(text)?.[1];
      return mark ? [{ path: file.path, line: index + 1, message: `\`${mark}\` puts work off.`, fix: 'Do it now, or open an issue and delete the mark.' }] : [];
    }),
  );
}
