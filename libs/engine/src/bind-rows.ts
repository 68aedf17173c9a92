import { quoteIdent, WeirError } from '@weir/core';
import { calledAs, childTexts, replaceTables, type ModelInput } from './bind-tables';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from './relation';
import { aliasesOf, withoutAliases } from './select-aliases';
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
  const wanted = new Set([...key, ...(sequence === undefined ? [] : [sequence])].map((name) => name.toLowerCase()));
  const guarded = items.map((item, at) =>
    // Spelled out, because what the SELECT names before it is null for a row that is not alive.
    guardItem(item, reference(table, ALIVE.name), (name, value) => (wanted.has(name.toLowerCase()) ? withoutAliases(value, aliasesOf(items.slice(0, at), table), visible) : undefined)),
  );
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

/** An item of the SELECT as it is evaluated where some rows are not alive; `carried` is what it is for these. */
function guardItem(item: SyntaxNode, alive: SyntaxNode, carried: (name: string, value: SyntaxNode) => SyntaxNode | undefined): SyntaxNode {
  if (textOf(item, 'class') === 'STAR') return { ...item, replace_list: replacementsOf(item).map(({ key, value }) => ({ key, value: guard(value, alive, carried(key, value)) })) };
  const name = textOf(item, 'alias') || (childTexts(item['column_names']).at(-1) ?? '');
  const value = { ...item, alias: '' };
  const otherwise = carried(name, value);
  // A mere name may be that of an item before it, which is guarded itself.
  return isSafe(item) && (!otherwise || isSafe(otherwise)) ? item : { ...guard(value, alive, otherwise), alias: name };
}

/** Whether an expression cannot fail. */
function isSafe(node: SyntaxNode): boolean {
  return ['COLUMN_REF', 'CONSTANT', 'POSITIONAL_REFERENCE'].includes(textOf(node, 'class'));
}

/** What a star gives in place of columns, by their names. */
function replacementsOf(star: SyntaxNode): { key: string; value: SyntaxNode }[] {
  return childrenOf(star['replace_list']).flatMap((entry) => (isNode(entry['value']) ? [{ key: textOf(entry, 'key'), value: entry['value'] }] : []));
}

/** `otherwise` is tried for rows that are not alive. */
function guard(value: SyntaxNode, alive: SyntaxNode, otherwise: SyntaxNode | undefined): SyntaxNode {
  const dead: SyntaxValue = otherwise
    ? { class: 'OPERATOR', type: 'OPERATOR_TRY', alias: '', query_location: 0, children: [otherwise] }
    : { class: 'CONSTANT', type: 'VALUE_CONSTANT', alias: '', query_location: 0, value: { type: { id: 'NULL', type_info: null }, is_null: true } };
  return { class: 'CASE', type: 'CASE_EXPR', alias: '', query_location: 0, case_checks: [{ when_expr: alive, then_expr: value }], else_expr: dead };
}
