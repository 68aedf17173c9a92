import { argumentsOf, asNode, calleeName, walk, type Node, type Source } from '../source';
import type { Violation } from '../violation';

/** No two tests of the repository have the same full name: a name in a report leads to one place. */
export function repeatedTestNames(sources: readonly Source[]): Violation[] {
  const first = new Map<string, string>();
  const violations: Violation[] = [];
  for (const source of sources.filter(({ path }) => path.endsWith('.test.ts'))) {
    walk(source.tree, (node, ancestors) => {
      const title = titleOf(source, node, /^(test|it)(\.\w+)*$/);
      if (title === undefined) return;
      const groups = ancestors.flatMap((ancestor) => titleOf(source, ancestor, /^describe(\.\w+)*$/) ?? []);
      const name = [...groups, title].join(' > ');
      const place = `${source.path}:${source.lineOf(node)}`;
      const before = first.get(name);
      if (before === undefined) first.set(name, place);
      else violations.push({ path: source.path, line: source.lineOf(node), message: `The test name "${name}" is used at ${before} too.`, fix: 'Say in the name what this test promises.' });
    });
  }
  return violations;
}

function titleOf(source: Source, node: Node, callee: RegExp): string | undefined {
  if (node.type !== 'CallExpression' || !callee.test(calleeName(node))) return undefined;
  const [title, body] = argumentsOf(node);
  // The first call of `test.each(table)(title, body)` has the table and no body.
  if (!title || !body) return undefined;
  return title.type === 'StringLiteral' ? String(asNode(title)?.['value']) : source.textOf(title);
}
