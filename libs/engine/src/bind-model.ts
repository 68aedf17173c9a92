import { quoteLiteral, WeirError, type Column } from '@weir/core';
import { bindKeyedRows, bindPlainRows, type KeyedRows } from './bind-rows';
import { childTexts, replaceTables, type ModelInput } from './bind-tables';
import { runsTogether } from './decorrelation';
import { ROW_COLUMNS } from './relation';
import { isProblem, parseSelect, renderSelect, walk, type SyntaxNode } from './syntax-tree';

/** Over what a model runs: row by row, each row of a `keyed` one being an update of its key; once for each of these partitions; or once over all there is. */
export type Binding = { readonly scope: 'row'; readonly keyed?: KeyedRows | undefined } | { readonly scope: 'interval'; readonly partitions: readonly string[] } | { readonly scope: 'history' };

/** Alias of the list of partitions; models cannot use names that begin with _weir. */
const EACH = '_weir_p';

/**
 * The statements that run a model; all their rows together are its result. Each gives the model's output columns and `_weir_partition`;
 * of row scope `_weir_row_id` and `_weir_position` of the input's row and `_weir_deleted` too.
 * Other models than those of row scope see no row that deletes its key: their inputs must not have any.
 * An interval model gives for each partition what it gives over the inputs' rows of that partition alone, and over all rows of inputs that are whole: in one statement for all of them
 * where the engine can, in one statement for each otherwise.
 * The model's own text is never run; the engine's parse tree of it is, with every dataset replaced by a sub-select on its relation.
 * Throws FORBIDDEN_SQL or INVALID_SQL for what `inspector` refuses to parse, UNKNOWN_DATASET for an input that is not given.
 */
export async function bindModel(sql: string, inputs: ReadonlyMap<string, ModelInput>, binding: Binding): Promise<readonly string[]> {
  const tree = await parseSelect(sql);
  if (isProblem(tree)) throw new WeirError({ code: tree.code, message: tree.message, place: `${tree.line}:${tree.column}` });
  if (binding.scope === 'row') return [await (binding.keyed ? bindKeyedRows(tree, inputs, binding.keyed) : bindPlainRows(tree, inputs))];
  if (binding.scope === 'history') {
    await filterTables(tree, inputs, '');
    return [`select 'all' as _weir_partition, _weir_m.* from (${await renderSelect(tree)}) _weir_m`];
  }
  const together = binding.partitions.length > 1 && runsTogether(tree);
  return together ? [await bindTogether(tree, inputs, binding.partitions)] : bindEach(sql, tree, inputs, binding.partitions);
}

async function bindTogether(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, partitions: readonly string[]): Promise<string> {
  await filterTables(tree, inputs, ` where _weir_partition = ${EACH}.partition`);
  const list = partitions.map(quoteLiteral).join(', ');
  return `select ${EACH}.partition as _weir_partition, _weir_m.* from (select unnest([${list}]::varchar[]) as partition) ${EACH}, lateral (${await renderSelect(tree)}) _weir_m`;
}

async function bindEach(sql: string, tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, partitions: readonly string[]): Promise<readonly string[]> {
  let place = '_weir_each';
  while (sql.includes(place)) place += '_';
  const literal = quoteLiteral(place);
  await filterTables(tree, inputs, ` where _weir_partition = ${literal}`);
  const template = `select ${literal} as _weir_partition, _weir_m.* from (${await renderSelect(tree)}) _weir_m`;
  return partitions.map((partition) => template.replaceAll(literal, quoteLiteral(partition)));
}

/** `filter`: of the rows of inputs that are not whole. */
function filterTables(tree: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>, filter: string): Promise<void> {
  return replaceTables(tree, { inputs, kept: namedRowColumns(tree), rowsOf: ({ relation, whole }, columns) => `select ${columns.join(', ')} from ${relation}${whole ? '' : filter}` });
}

/** The row columns that a model reads by name, which only row-shaped ones may: `select _weir_row_id as line_id, …`. */
function namedRowColumns(tree: SyntaxNode): readonly Column[] {
  const named = new Set<string>();
  walk(tree, (node) => childTexts(node['column_names']).forEach((name) => named.add(name.toLowerCase())));
  return ROW_COLUMNS.filter((column) => named.has(column.name));
}
