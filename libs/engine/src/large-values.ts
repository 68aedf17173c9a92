import { childrenOf, isNode, textOf, type SyntaxNode } from './syntax-tree';

/** Largest size that a call may ask for. */
const MOST = 1_000;

/** Calls that make a value as large as one of their arguments says, and which of them. The engine counts such values to no limit and cannot be interrupted in them. */
const SIZE_ARGUMENTS: ReadonlyMap<string, readonly number[]> = new Map([
  ['array_resize', [1]],
  ['bitstring', [1]],
  ['generate_series', [0, 1, 2]],
  ['list_resize', [1]],
  ['lpad', [1]],
  ['range', [0, 1, 2]],
  ['repeat', [1]],
  ['rpad', [1]],
]);

/** Calls whose first argument is a template that can ask for any width. */
const TEMPLATES: ReadonlySet<string> = new Set(['format', 'printf']);

/** Why a call could make a value of any size; undefined when its size is written out and small. */
export function sizeFault(call: SyntaxNode): string | undefined {
  const name = textOf(call, 'function_name').toLowerCase();
  const children = childrenOf(call['children']);
  const sizes = SIZE_ARGUMENTS.get(name) ?? [];
  if (sizes.some((index) => children[index] && !isSmallNumber(children[index]))) return `\`${name}\` needs a size that is written out, at most ${MOST}; other values could be of any size`;
  if (TEMPLATES.has(name) && !isNarrowTemplate(children[0])) return `\`${name}\` needs a template that is written out, with widths below ${MOST}; other values could be of any size`;
  return undefined;
}

function isSmallNumber(node: SyntaxNode): boolean {
  const value = literalOf(node);
  return typeof value === 'number' && Math.abs(value) <= MOST;
}

function isNarrowTemplate(node: SyntaxNode | undefined): boolean {
  const value = node && literalOf(node);
  // A nested field, {:{}}, takes its width from another argument; so does * in printf.
  return typeof value === 'string' && !/\d{4}|\{[^}]*\{|%[^a-zA-Z%]*\*/.test(value);
}

function literalOf(node: SyntaxNode): unknown {
  const value = textOf(node, 'class') === 'CONSTANT' ? node['value'] : undefined;
  return isNode(value) ? value['value'] : undefined;
}
