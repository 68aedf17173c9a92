import { quoteIdent, WeirError } from '@weir/core';
import { calledAs, replaceTables, type ModelInput } from './bind-tables';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from './relation';
import { aliasesOf, namesIn, withoutAliases } from './select-aliases';
import { childrenOf, isNode, isProblem, parseSelect, renderSelect, textOf, walk, type SyntaxNode, type SyntaxValue } from './syntax-tree';

/** What tells the rows of a key apart where a row that a model's WHERE refuses deletes its key. */
export interface KeyedRows {
  readonly key: readonly string[];
  readonly sequence?: string | undefined;
}

const KEPT = [PARTITION_COLUMN, ...ROW_COLUMNS];
const DELETED = DELETED_COLUMN.name;

/** Whether a row passes the model's WHERE and does not delete its key; the model's SELECT finds it beside its input's columns. */
const ALIVE = { name: '_weir_alive', type: 'BOOLEAN' } as const;
/** Stands in the text of a sub-select for the model's WHERE. */
const WHERE = '_weir_where';

/** Items of a SELECT that cannot fail, so that they need no guard. */
const SAFE: ReadonlySet<string> = new Set(['COLUMN_REF', 'CONSTANT', 'POSITIONAL_REFERENCE']);

/** The statement of a row model without a key, or over rows that never change: rows that WHERE refuses are not there. */
export async function bindPlainRows(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>): Promise<string> {
  const { from, items } = partsOf(tree);
  const table = calledAs(from);
  await replaceTables(tree, { inputs, kept: KEPT, rowsOf: ({ relation }, columns) => `select ${columns.join(', ')} from ${relation} where not ${DELETED}` });
  items.push(...KEPT.map(({ name }) => reference(table, name)), await expression(`false as ${DELETED}`));
  return renderSelect(tree);
}

/**
 * The statement of a row model that keeps every row: one that WHERE refuses, or whose input deletes its key, deletes its own. Of such a row only key and
 * sequence count, null where they cannot be computed; without a whole key it is no row. The other expressions are not evaluated for it, for WHERE may be what they rely on.
 */
export async function bindKeyedRows(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, { key, sequence }: KeyedRows): Promise<string> {
  const { from, items, where } = partsOf(tree);
  const table = calledAs(from);
  const columns = inputs.get(`${textOf(from, 'schema_name')}.${textOf(from, 'table_name')}`)?.columns ?? [];
  // A WHERE sees what the SELECT names, too; where it goes, nothing is named yet.
  const visible = new Set([...columns, ...ROW_COLUMNS].map(({ name }) => name.toLowerCase()));
  const condition = where && withoutAliases(where, aliasesOf(items, table), visible);
  tree['where_clause'] = condition ?? null;
  // Only the condition of a CASE is evaluated from left to right, each term for the rows that passed those before it, as it is in a WHERE.
  const alive = condition ? `case when not ${DELETED} and ${WHERE} then true else false end` : `not ${DELETED}`;
  const inner = [...columns, ...KEPT, DELETED_COLUMN].map(({ name }) => quoteIdent(name)).join(', ');
  await replaceTables(tree, {
    inputs,
    kept: [...KEPT, ALIVE],
    rowsOf: ({ relation }, names) => `select ${names.join(', ')} from (select *, ${alive} as ${ALIVE.name} from (select ${inner} from ${relation}) ${quoteIdent(table)})`,
  });
  if (condition) replaceReference(from, WHERE, condition);
  tree['where_clause'] = null;
  const carried = carriedNames(items, [...key, ...(sequence === undefined ? [] : [sequence])]);
  const guarded = items.map((item) => guardItem(item, reference(table, ALIVE.name), carried));
  const deleted = { class: 'OPERATOR', type: 'OPERATOR_NOT', alias: DELETED, query_location: 0, children: [reference(table, ALIVE.name)] };
  tree['select_list'] = [...guarded, ...KEPT.map(({ name }) => reference(table, name)), deleted];
  return `select * from (${await renderSelect(tree)}) where not ${DELETED} or (${key.map((name) => `${quoteIdent(name)} is not null`).join(' and ')})`;
}

function partsOf(tree: SyntaxNode): { readonly from: SyntaxNode; readonly items: SyntaxNode[]; readonly where: SyntaxNode | undefined } {
  const [from, items, where] = [tree['from_table'], tree['select_list'], tree['where_clause']];
  if (!isNode(from) || !Array.isArray(items) || !items.every(isNode)) throw new WeirError({ code: 'INTERNAL', message: 'A row model is one plain SELECT.' });
  return { from, items, where: isNode(where) ? where : undefined };
}

function reference(table: string, column: string): SyntaxNode {
  return { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0, column_names: [table, column] };
}

async function expression(sql: string): Promise<SyntaxNode> {
  const select = await parseSelect(`select ${sql}`);
  const [item] = isProblem(select) ? [] : childrenOf(select['select_list']);
  if (!item) throw new WeirError({ code: 'INTERNAL', message: `\`${sql}\` is no expression.` });
  return item;
}

function replaceReference(tree: SyntaxNode, name: string, by: SyntaxNode): void {
  walk(tree, (node) => {
    const [first] = Array.isArray(node['column_names']) ? node['column_names'] : [];
    if (first !== name) return;
    for (const field of Object.keys(node)) delete node[field];
    Object.assign(node, by);
  });
}

/** The names that a row which deletes has to have: the wanted ones, and what the SELECT computes these from under names of its own. */
function carriedNames(items: readonly SyntaxNode[], wanted: readonly string[]): ReadonlySet<string> {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  // An item can only use the names of those before it.
  for (const item of items.toReversed()) {
    const parts = textOf(item, 'class') === 'STAR' ? replacementsOf(item) : [{ key: textOf(item, 'alias'), value: item }];
    for (const { key, value } of parts) if (names.has(key.toLowerCase())) namesIn(value).forEach((name) => names.add(name));
  }
  return names;
}

function guardItem(item: SyntaxNode, alive: SyntaxNode, carried: ReadonlySet<string>): SyntaxNode {
  const kind = textOf(item, 'class');
  if (SAFE.has(kind)) return item;
  if (kind === 'STAR') return { ...item, replace_list: replacementsOf(item).map(({ key, value }) => ({ key, value: guard(value, alive, carried.has(key.toLowerCase())) })) };
  const alias = textOf(item, 'alias');
  return { ...guard({ ...item, alias: '' }, alive, carried.has(alias.toLowerCase())), alias };
}

/** What a star gives in place of columns, by their names. */
function replacementsOf(star: SyntaxNode): { key: string; value: SyntaxNode }[] {
  return childrenOf(star['replace_list']).flatMap((entry) => (isNode(entry['value']) ? [{ key: textOf(entry, 'key'), value: entry['value'] }] : []));
}

function guard(value: SyntaxNode, alive: SyntaxNode, carried: boolean): SyntaxNode {
  const otherwise: SyntaxValue = carried
    ? { class: 'OPERATOR', type: 'OPERATOR_TRY', alias: '', query_location: 0, children: [value] }
    : { class: 'CONSTANT', type: 'VALUE_CONSTANT', alias: '', query_location: 0, value: { type: { id: 'NULL', type_info: null }, is_null: true } };
  return { class: 'CASE', type: 'CASE_EXPR', alias: '', query_location: 0, case_checks: [{ when_expr: alive, then_expr: value }], else_expr: otherwise };
}
