import { asNode, calleeName, walk, type Node, type Source } from '../source';
import type { Violation } from '../violation';

const SLEEPS = /(^|\.)(sleep|delay|wait|setTimeout)$/;

/** No test waits for time to pass: it waits for a fact, with a bound (`until` of @weir/testkit). */
export function timedWaits(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const source of sources.filter(({ path }) => path.endsWith('.test.ts'))) {
    walk(source.tree, (node) => {
      if (node.type !== 'AwaitExpression') return;
      const awaited = asNode(node['argument']);
      if (awaited && sleeps(awaited)) violations.push({ path: source.path, line: source.lineOf(node), message: 'The test waits for time to pass.', fix: 'Wait for the fact itself with `until` of @weir/testkit.' });
    });
  }
  return violations;
}

function sleeps(awaited: Node): boolean {
  if (awaited.type === 'CallExpression') return SLEEPS.test(calleeName(awaited));
  if (awaited.type !== 'NewExpression' || calleeName(asNode(awaited['callee']) ?? awaited) !== 'Promise') return false;
  let resolvesByTimer = false;
  walk(awaited, (node) => {
    if (node.type === 'CallExpression' && calleeName(node) === 'setTimeout') resolvesByTimer = true;
  });
  return resolvesByTimer;
}
