import type { SqlModel, SqlProblem } from '@weir/core';
import { functionLists, TIME_WORDS, type FunctionLists } from './forbidden-functions';
import { floatWarnings } from './float-warnings';
import { sizeFault } from './large-values';
import { ROW_COLUMNS } from './relation';
import { isRowShaped } from './row-shape';
import { positionAt } from './sql-position';
import { childrenOf, ctesOf, isNode, isQuery, isProblem, parseSelect, textOf, type SyntaxNode } from './syntax-tree';

/** Kinds of things that a FROM may name; all else (table functions, SHOW, system tables by reference) is refused. */
const TABLE_KINDS: ReadonlySet<string> = new Set(['BASE_TABLE', 'SUBQUERY', 'JOIN', 'EMPTY', 'EMPTY_FROM', 'EXPRESSION_LIST', 'PIVOT']);

/** What the engine itself calls so; a pipeline of such a name cannot be told from it. */
const ENGINE_SCHEMAS: ReadonlySet<string> = new Set(['memory', 'system', 'temp', 'information_schema', 'pg_catalog']);

/** The names that Weir gives columns and relations of its own. */
const RESERVED = /^_weir/i;

/** Those of them that a model may read, where its input has them. */
const READABLE: ReadonlySet<string> = new Set(ROW_COLUMNS.map((column) => column.name));

/**
 * What one model's SQL reads and is. A problem when it is not exactly one SELECT, or names files, table functions, volatile functions,
 * other catalogs, parameters or names that Weir reserves.
 */
export async function inspectModel(sql: string): Promise<SqlModel | SqlProblem> {
  const tree = await parseSelect(sql);
  if (isProblem(tree)) return tree;
  const functions = await functionLists();
  const inspection = new Inspection(sql, functions);
  inspection.query(tree, new Set());
  if (inspection.problem) return inspection.problem;
  return { inputs: inspection.inputs, rowShaped: isRowShaped(tree, functions.notRowShaped), warnings: floatWarnings(sql, tree) };
}

/** One walk over a tree; the first problem in reading order of the tree is kept. */
class Inspection {
  readonly inputs: string[] = [];
  /** Datasets that go by their own name, by that name. */
  private readonly unaliased = new Map<string, string>();
  problem: SqlProblem | undefined;

  constructor(
    private readonly sql: string,
    private readonly functions: FunctionLists,
  ) {}

  /** A query node with the CTE names it can see, in lower case. */
  query(node: SyntaxNode, outer: ReadonlySet<string>): void {
    const visible = new Set(outer);
    for (const { key, query } of ctesOf(node)) {
      // A recursive CTE sees itself; an ordinary one of the same name as a table reads that table.
      const recursive = query['type'] === 'RECURSIVE_CTE_NODE';
      this.query(query, recursive ? new Set([...visible, key]) : visible);
      visible.add(key);
      this.name(key, node);
    }
    if (isNode(node['sample'])) this.refuse(node, 'A sample is not the same twice');
    this.below(node, visible);
  }

  private below(node: SyntaxNode, ctes: ReadonlySet<string>): void {
    for (const [field, value] of Object.entries(node)) {
      if (field === 'cte_map') continue;
      for (const child of childrenOf(value)) this.node(child, ctes, isFrom(node, field));
    }
  }

  private node(node: SyntaxNode, ctes: ReadonlySet<string>, inFrom: boolean): void {
    if (isQuery(node)) return this.query(node, ctes);
    this.names(node);
    if (inFrom) this.table(node, ctes);
    this.expression(node);
    if (node['class'] !== 'CONSTANT') this.below(node, ctes);
  }

  private table(node: SyntaxNode, ctes: ReadonlySet<string>): void {
    const kind = textOf(node, 'type');
    if (kind === 'TABLE_FUNCTION') return this.refuse(node, `\`${textOf(node['function'], 'function_name')}\` is a table function; a model reads declared datasets only`);
    if (!TABLE_KINDS.has(kind)) return this.refuse(node, 'Only datasets, sub-selects, joins and VALUES can be read');
    if (isNode(node['sample'])) this.refuse(node, 'A sample is not the same twice');
    if (kind === 'BASE_TABLE') this.baseTable(node, ctes);
  }

  private baseTable(node: SyntaxNode, ctes: ReadonlySet<string>): void {
    const [catalog, schema, table] = [textOf(node, 'catalog_name'), textOf(node, 'schema_name'), textOf(node, 'table_name')];
    const name = [catalog, schema, table].filter(Boolean).join('.');
    if (catalog) return this.refuse(node, `\`${name}\` is in another catalog; write a dataset as zone.name`);
    if (ENGINE_SCHEMAS.has(schema.toLowerCase())) return this.refuse(node, `\`${schema}\` is a schema of the engine's own; a pipeline of this name cannot be read`);
    if (/[./\\:*?[\]]/.test(table) || /[./\\:*?[\]]/.test(schema)) return this.refuse(node, `\`${name}\` looks like a file; a model reads declared datasets only`);
    if (isNode(node['at_clause'])) return this.refuse(node, 'A model reads one snapshot; AT is not available');
    if (!schema && ctes.has(table.toLowerCase())) return;
    if (!this.inputs.includes(name)) this.inputs.push(name);
    if (!textOf(node, 'alias')) this.bare(name, table.toLowerCase(), node);
  }

  /** Bound, a dataset goes by its bare name, or by the alias that it was given. */
  private bare(name: string, table: string, node: SyntaxNode): void {
    const other = this.unaliased.get(table) ?? name;
    this.unaliased.set(table, other);
    if (other !== name) this.problem ??= { code: 'INVALID_SQL', message: `\`${other}\` and \`${name}\` would both be called \`${table}\`; give one another name, such as: ${name} as other_${table}.`, ...this.at(node) };
  }

  private expression(node: SyntaxNode): void {
    const kind = textOf(node, 'class');
    if (kind === 'PARAMETER') this.refuse(node, 'A model has no parameters');
    if ((kind === 'FUNCTION' || kind === 'WINDOW') && this.functions.forbidden.has(textOf(node, 'function_name').toLowerCase())) {
      this.refuse(node, `\`${textOf(node, 'function_name')}\` does not give the same value twice; a model depends on its inputs only`);
    }
    const fault = kind === 'FUNCTION' ? sizeFault(node) : undefined;
    if (fault) this.refuse(node, fault);
    if (kind === 'COLUMN_REF') {
      const [first, ...more] = Array.isArray(node['column_names']) ? node['column_names'] : [];
      if (more.length === 0 && typeof first === 'string' && TIME_WORDS.has(first.toLowerCase())) this.refuse(node, `\`${first}\` does not give the same value twice; a model depends on its inputs only`);
    }
  }

  private names(node: SyntaxNode): void {
    for (const [field, value] of Object.entries(node)) {
      const texts = Array.isArray(value) ? value : [value];
      for (const name of texts) if (typeof name === 'string' && !(field === 'column_names' && READABLE.has(name))) this.name(name, node);
    }
  }

  private name(name: string, node: SyntaxNode): void {
    if (RESERVED.test(name)) this.problem ??= { code: 'INVALID_SQL', message: `\`${name}\`: names that begin with _weir are Weir's own.`, ...this.at(node) };
  }

  private refuse(node: SyntaxNode, reason: string): void {
    this.problem ??= { code: 'FORBIDDEN_SQL', message: `${reason}.`, ...this.at(node) };
  }

  private at(node: SyntaxNode): { line: number; column: number } {
    const offset = node['query_location'];
    return positionAt(this.sql, typeof offset === 'number' ? offset : 0);
  }
}

/** Whether what lies in a field of a node is something that a FROM reads. */
function isFrom(node: SyntaxNode, field: string): boolean {
  if (field === 'from_table') return true;
  const kind = textOf(node, 'type');
  return (kind === 'JOIN' && (field === 'left' || field === 'right')) || (kind === 'PIVOT' && field === 'source');
}
