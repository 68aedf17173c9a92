import { parseSync, type Module } from '@swc/core';
import type { TextFile } from './repository';

/** A node of the parse tree: swc's own types do not allow walking without knowing every kind. */
export interface Node {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [key: string]: unknown;
}

/** A TypeScript file, parsed. */
export interface Source extends TextFile {
  readonly tree: Node;
  /** The 1-based line of a node's first byte. */
  lineOf(node: Node): number;
  /** How many lines a node covers. */
  linesOf(node: Node): number;
  /** A node's text. */
  textOf(node: Node): string;
}

/** Parses one TypeScript or JavaScript file; a syntax error is thrown with the file's name. */
export function parseSource(file: TextFile): Source {
  const tree = parse(file);
  const bytes = Buffer.from(file.text, 'utf8');
  const starts = lineStarts(bytes);
  // swc counts bytes from 1.
  const lineAt = (position: number): number => lineIndex(starts, position - 1) + 1;
  const span = (node: Node): { start: number; end: number } => node.span ?? { start: 1, end: 1 };
  return {
    ...file,
    tree,
    lineOf: (node) => lineAt(span(node).start),
    linesOf: (node) => lineAt(Math.max(span(node).start, span(node).end - 1)) - lineAt(span(node).start) + 1,
    textOf: (node) => bytes.subarray(span(node).start - 1, span(node).end - 1).toString('utf8'),
  };
}

/** Visits every node of a tree from the top down with its ancestors, nearest last. */
export function walk(root: Node, visit: (node: Node, ancestors: readonly Node[]) => void): void {
  const ancestors: Node[] = [];
  const step = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) step(item);
    } else if (isRecord(value)) {
      const node = asNode(value);
      if (node) {
        visit(node, ancestors);
        ancestors.push(node);
      }
      for (const [key, child] of Object.entries(value)) if (key !== 'span') step(child);
      if (node) ancestors.pop();
    }
  };
  step(root);
}

/** A value as a node when it is one. */
export function asNode(value: unknown): Node | undefined {
  return isRecord(value) && typeof value['type'] === 'string' ? (value as unknown as Node) : undefined;
}

/** What is called by a CallExpression as dotted text such as `test.only`; empty for anything more complex. */
export function calleeName(node: Node): string {
  if (node.type === 'Identifier' && typeof node['value'] === 'string') return node['value'];
  if (node.type === 'MemberExpression') {
    const object = asNode(node['object']);
    const property = asNode(node['property']);
    return object && property ? `${calleeName(object)}.${calleeName(property)}` : '';
  }
  if (node.type === 'CallExpression') {
    const callee = asNode(node['callee']);
    return callee ? calleeName(callee) : '';
  }
  return '';
}

/** The arguments of a CallExpression or NewExpression. */
export function argumentsOf(node: Node): Node[] {
  const list = node['arguments'];
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => (isRecord(item) ? (asNode(item['expression']) ?? []) : []));
}

function parse(file: TextFile): Node {
  try {
    const module: Module = parseSync(file.text, { syntax: file.path.endsWith('.ts') ? 'typescript' : 'ecmascript', target: 'es2022' });
    return module as unknown as Node;
  } catch (error) {
    throw new Error(`${file.path} does not parse.`, { cause: error });
  }
}

function lineStarts(bytes: Buffer): number[] {
  const starts = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

function lineIndex(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
