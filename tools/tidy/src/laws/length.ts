import { isGenerated, type TextFile } from '../repository';
import { argumentsOf, asNode, calleeName, walk, type Node, type Source } from '../source';
import type { Violation } from '../violation';

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 60;
const CODE = /\.(ts|mjs|cjs|js|sql|proto)$/;
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'ClassMethod', 'PrivateMethod', 'Constructor', 'MethodProperty', 'GetterProperty', 'SetterProperty']);

/** No code file is longer than 300 lines. */
export function longFiles(files: readonly TextFile[]): Violation[] {
  return files
    .filter((file) => CODE.test(file.path) && !isGenerated(file.path))
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0) }))
    .filter(({ lines }) => lines > MAX_FILE_LINES)
    .map(({ path, lines }) => ({ path, line: MAX_FILE_LINES + 1, message: `The file has ${lines} lines; ${MAX_FILE_LINES} is the most.`, fix: 'Split it by its nouns.' }));
}

/** No function is longer than 60 lines. The callback of a `describe` is a container of tests, not a function with a job. */
export function longFunctions(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const source of sources) {
    walk(source.tree, (node, ancestors) => {
      if (!FUNCTIONS.has(node.type) || isDescribeCallback(node, ancestors)) return;
      const lines = source.linesOf(node);
      if (lines <= MAX_FUNCTION_LINES) return;
      violations.push({ path: source.path, line: source.lineOf(node), message: `The function ${nameOf(node, ancestors)} has ${lines} lines; ${MAX_FUNCTION_LINES} is the most.`, fix: 'Give a part of it its own name.' });
    });
  }
  return violations;
}

function isDescribeCallback(node: Node, ancestors: readonly Node[]): boolean {
  const call = ancestors.findLast((ancestor) => ancestor.type === 'CallExpression');
  return call !== undefined && argumentsOf(call).includes(node) && calleeName(call).startsWith('describe');
}

function nameOf(node: Node, ancestors: readonly Node[]): string {
  const named = asNode(node['identifier']) ?? asNode(node['key']) ?? asNode(ancestors.at(-1)?.['id']);
  return named && typeof named['value'] === 'string' ? `\`${named['value']}\`` : '(without a name)';
}
