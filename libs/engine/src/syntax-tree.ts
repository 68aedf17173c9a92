import type { SqlProblem } from '@weir/core';
import { quoteLiteral, WeirError } from '@weir/core';
import { withParser } from './parser';
import { positionAt } from './sql-position';

/** A node of the engine's parse tree, as `json_serialize_sql` gives it. */
export type SyntaxNode = { [field: string]: SyntaxValue };
export type SyntaxValue = null | boolean | number | string | SyntaxNode | SyntaxValue[];

/** Longest SQL text that is parsed. */
const MAX_SQL_BYTES = 256 * 1024;

interface Serialized {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly position?: string;
  readonly statements?: readonly { readonly node: SyntaxNode }[];
}

/** The query node of a text that is exactly one SELECT; what is wrong with it otherwise. */
export async function parseSelect(sql: string): Promise<SyntaxNode | SqlProblem> {
  const start = { line: 1, column: 1 };
  if (sql.includes('\0')) return { code: 'INVALID_SQL', message: 'The SQL has a NUL character.', ...start };
  if (Buffer.byteLength(sql) > MAX_SQL_BYTES) return { code: 'INVALID_SQL', message: `The SQL is longer than ${MAX_SQL_BYTES} bytes.`, ...start };
  const serialized = await serialize(sql);
  if (!serialized) return { code: 'INVALID_SQL', message: 'The SQL has a number that is too large.', ...start };
  if (serialized.error) return refusal(sql, serialized);
  const [statement, ...more] = serialized.statements ?? [];
  if (!statement) return { code: 'INVALID_SQL', message: 'The SQL is empty.', ...start };
  if (more.length > 0) return { code: 'FORBIDDEN_SQL', message: `There are ${more.length + 1} statements; a model is exactly one SELECT.`, ...start };
  return statement.node;
}

/** The SQL text of a query node. */
export async function renderSelect(node: SyntaxNode): Promise<string> {
  const json = stringify({ error: false, statements: [{ node, named_param_map: [] }] });
  const [row] = await withParser((engine) => engine.rows<{ sql: string }>(`select json_deserialize_sql(${quoteLiteral(json)}::json) as sql`, 'render'));
  if (!row) throw new WeirError({ code: 'INTERNAL', message: 'The engine gave no text for a parse tree.' });
  return row.sql;
}

/** Calls `visit` for a value and all below it, parents first; literals of the SQL text are not entered. */
export function walk(value: SyntaxValue | undefined, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (!isNode(value)) return;
  visit(value);
  if (value['class'] !== 'CONSTANT') for (const child of Object.values(value)) walk(child, visit);
}

/** The nodes in a field: itself, or those of a list, however deep. */
export function childrenOf(value: SyntaxValue | undefined): SyntaxNode[] {
  if (Array.isArray(value)) return value.flatMap(childrenOf);
  return isNode(value) ? [value] : [];
}

/** Whether a node is a query: a SELECT, a set operation, or a recursive CTE. */
export function isQuery(node: SyntaxNode): boolean {
  return !('class' in node) && textOf(node, 'type').endsWith('_NODE');
}

/** The CTEs that a query declares, in order, names in lower case. */
export function ctesOf(query: SyntaxNode): { key: string; query: SyntaxNode }[] {
  const map = isNode(query['cte_map']) ? query['cte_map']['map'] : undefined;
  return childrenOf(map).flatMap((entry) => {
    const value = isNode(entry['value']) && isNode(entry['value']['query']) ? entry['value']['query']['node'] : undefined;
    return isNode(value) ? [{ key: textOf(entry, 'key').toLowerCase(), query: value }] : [];
  });
}

/** A field that is a text; empty when it is missing or something else. */
export function textOf(node: SyntaxValue | undefined, field: string): string {
  const value = isNode(node) ? node[field] : undefined;
  return typeof value === 'string' ? value : '';
}

/** Tells a problem from a query node, which has a field `type` and no `code`. */
export function isProblem(result: SyntaxNode | SqlProblem): result is SqlProblem {
  return 'code' in result;
}

export function isNode(value: SyntaxValue | undefined): value is SyntaxNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function serialize(sql: string): Promise<Serialized | undefined> {
  const [row] = await withParser((engine) => engine.rows<{ tree: string }>(`select json_serialize_sql(${quoteLiteral(sql)}) as tree`, 'parse'));
  try {
    return parse(row?.tree ?? '') as unknown as Serialized;
  } catch {
    // The engine writes Infinity for a literal such as 1e999, which is not JSON.
    return undefined;
  }
}

function refusal(sql: string, serialized: Serialized): SqlProblem {
  // The parser counts characters where the nodes of the tree count bytes.
  const before = Array.from(sql).slice(0, Number(serialized.position ?? 0)).join('');
  const at = positionAt(sql, Buffer.byteLength(before));
  if (serialized.error_type === 'parser') return { code: 'INVALID_SQL', message: `${capital(serialized.error_message ?? 'not SQL')}.`, ...at };
  const onlySelect = /only select/i.test(serialized.error_message ?? '');
  return { code: 'FORBIDDEN_SQL', message: onlySelect ? 'This is not a SELECT; a model is exactly one SELECT.' : `${capital(serialized.error_message ?? 'not a SELECT')}.`, ...at };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/[.!]$/, '');
}

// Literals of SQL may be integers of 128 bits, which JSON.parse would round: such numbers travel through JavaScript as text.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
// Quotes inside of a JSON text are always escaped, so that this cannot occur in one.
const EXACT = /\{"\$number":"([^"]*)"\}/g;

function parse(json: string): SyntaxNode {
  const exact = json.replace(TOKEN, (token) => (token.startsWith('"') || String(Number(token)) === token ? token : `{"$number":"${token}"}`));
  return JSON.parse(exact) as SyntaxNode;
}

function stringify(node: SyntaxNode): string {
  return JSON.stringify(node).replace(EXACT, '$1');
}
