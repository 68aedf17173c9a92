import { quoteIdent, quoteLiteral, WeirError, type Column } from '@weir/core';
import { runsTogether } from './decorrelation';
import { ROW_COLUMNS, PARTITION_COLUMN } from './relation';
import { isNode, isProblem, parseSelect, renderSelect, textOf, walk, type SyntaxNode, type SyntaxValue } from './syntax-tree';

/** Where a dataset that a model reads really lies. */
export interface ModelInput {
  /** SQL of a relation, such as the name of a view; it also has `_weir_partition`, and ROW_COLUMNS where the model is row by row or names them. */
  readonly relation: string;
  /** What the model may see of it. */
  readonly columns: readonly Column[];
  /** Whether an interval model sees all of it in each partition, such as a dimension of another pipeline; `relation` then needs no `_weir_partition`. */
  readonly whole?: boolean | undefined;
}

/** Over what a model runs: row by row, once for each of these partitions, or once over all there is. */
export type Binding = { readonly scope: 'row' } | { readonly scope: 'interval'; readonly partitions: readonly string[] } | { readonly scope: 'history' };

/** Alias of the list of partitions; models cannot use names that begin with _weir. */
const EACH = '_weir_p';

/**
 * The statements that run a model; all their rows together are its result. Each gives the model's output columns and `_weir_partition`;
 * of row scope `_weir_row_id` and `_weir_position` of the input's row too.
 * An interval model gives for each partition what it gives over the inputs' rows of that partition alone, and over all rows of inputs that are whole: in one statement for all of them
 * where the engine can, in one statement for each otherwise.
 * The model's own text is never run; the engine's parse tree of it is, with every dataset replaced by a sub-select on its relation.
 * Throws FORBIDDEN_SQL or INVALID_SQL for what `inspector` refuses to parse, UNKNOWN_DATASET for an input that is not given.
 */
export async function bindModel(sql: string, inputs: ReadonlyMap<string, ModelInput>, binding: Binding): Promise<readonly string[]> {
  const tree = await parseSelect(sql);
  if (isProblem(tree)) throw new WeirError({ code: tree.code, message: tree.message, place: `${tree.line}:${tree.column}` });
  if (binding.scope === 'row') return [await bindRows(tree, inputs)];
  if (binding.scope === 'history') {
    await replaceTables(tree, inputs, '');
    return [`select 'all' as _weir_partition, _weir_m.* from (${await renderSelect(tree)}) _weir_m`];
  }
  const together = binding.partitions.length > 1 && runsTogether(tree);
  return together ? [await bindTogether(tree, inputs, binding.partitions)] : bindEach(sql, tree, inputs, binding.partitions);
}

async function bindRows(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>): Promise<string> {
  const from = tree['from_table'];
  const select = tree['select_list'];
  if (!isNode(from) || !Array.isArray(select)) throw new WeirError({ code: 'INTERNAL', message: 'A row model is one plain SELECT.' });
  const kept = [PARTITION_COLUMN, ...ROW_COLUMNS];
  await replaceTables(tree, inputs, '', kept);
  for (const column of kept) select.push({ class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0, column_names: [textOf(from, 'alias'), column.name] });
  return renderSelect(tree);
}

async function bindTogether(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, partitions: readonly string[]): Promise<string> {
  await replaceTables(tree, inputs, ` where _weir_partition = ${EACH}.partition`);
  const list = partitions.map(quoteLiteral).join(', ');
  return `select ${EACH}.partition as _weir_partition, _weir_m.* from (select unnest([${list}]::varchar[]) as partition) ${EACH}, lateral (${await renderSelect(tree)}) _weir_m`;
}

async function bindEach(sql: string, tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, partitions: readonly string[]): Promise<readonly string[]> {
  let place = '_weir_each';
  while (sql.includes(place)) place += '_';
  const literal = quoteLiteral(place);
  await replaceTables(tree, inputs, ` where _weir_partition = ${literal}`);
  const template = `select ${literal} as _weir_partition, _weir_m.* from (${await renderSelect(tree)}) _weir_m`;
  return partitions.map((partition) => template.replaceAll(literal, quoteLiteral(partition)));
}

/** `kept`: columns that the sub-selects give besides those that the model may see; its stars do not find them. */
async function replaceTables(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, filter: string, kept: readonly Column[] = namedRowColumns(tree)): Promise<void> {
  const tables: SyntaxNode[] = [];
  walk(tree, (node) => {
    if (textOf(node, 'type') === 'BASE_TABLE' && textOf(node, 'schema_name')) tables.push(node);
    if (textOf(node, 'class') === 'STAR') node['exclude_list'] = [...childTexts(node['exclude_list']), ...kept.map((column) => column.name)];
    shortenReference(node, inputs);
  });
  for (const table of tables) {
    const name = `${textOf(table, 'schema_name')}.${textOf(table, 'table_name')}`;
    const input = inputs.get(name);
    if (!input) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The model reads \`${name}\`, which it was not given.`, fix: `It was given ${[...inputs.keys()].join(', ')}.` });
    const columns = [...input.columns, ...kept].map((column) => quoteIdent(column.name)).join(', ');
    const select = await parseSelect(`select ${columns} from ${input.relation}${input.whole ? '' : filter}`);
    if (isProblem(select)) throw new WeirError({ code: 'INTERNAL', message: `${select.message} (relation of ${name})` });
    becomeSubquery(table, select);
  }
}

/** The row columns that a model reads by name, which only row-shaped ones may: `select _weir_row_id as line_id, …`. */
function namedRowColumns(tree: SyntaxNode): readonly Column[] {
  const named = new Set<string>();
  walk(tree, (node) => childTexts(node['column_names']).forEach((name) => named.add(name.toLowerCase())));
  return ROW_COLUMNS.filter((column) => named.has(column.name));
}

function childTexts(value: SyntaxValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Turns the node of a table into a sub-select in place; the model goes on calling it by its alias, or by its own name. */
function becomeSubquery(table: SyntaxNode, select: SyntaxNode): void {
  const alias = textOf(table, 'alias') || textOf(table, 'table_name');
  const kept = { sample: table['sample'] ?? null, query_location: table['query_location'] ?? null, column_name_alias: table['column_name_alias'] ?? [] };
  for (const field of Object.keys(table)) delete table[field];
  Object.assign(table, { type: 'SUBQUERY', alias, ...kept, subquery: { node: select, named_param_map: [] } });
}

/** A column may be written `bronze.orders.amount`; a sub-select has no schema, so that only `orders.amount` finds it. */
function shortenReference(node: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>): void {
  const [schema, table, ...rest] = childTexts(node['column_names']);
  if (textOf(node, 'class') !== 'COLUMN_REF' || table === undefined || rest.length === 0) return;
  if (inputs.has(`${schema}.${table}`)) node['column_names'] = [table, ...rest];
}
