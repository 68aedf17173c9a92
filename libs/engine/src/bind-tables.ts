import { quoteIdent, WeirError, type Column } from '@weir/core';
import { isProblem, parseSelect, textOf, walk, type SyntaxNode, type SyntaxValue } from './syntax-tree';

/** Where a dataset that a model reads really lies. */
export interface ModelInput {
  /** SQL of a relation, such as the name of a view; it also has `_weir_partition`, ROW_COLUMNS where the model is row by row or names them, and DELETED_COLUMN for row models. */
  readonly relation: string;
  /** What the model may see of it. */
  readonly columns: readonly Column[];
  /** Whether an interval model sees all of it in each partition, such as a dimension of another pipeline; `relation` then needs no `_weir_partition`. */
  readonly whole?: boolean | undefined;
}

/** What the tables of a model become. */
export interface TableBinding {
  readonly inputs: ReadonlyMap<string, ModelInput>;
  /** Columns that the sub-selects give besides those that the model may see; its stars do not find them. */
  readonly kept: readonly Column[];
  /** The rows of an input that the model sees, as a relation; `columns` are names in quotes, with those that are kept. */
  readonly rowsOf: (input: ModelInput, columns: readonly string[]) => string;
}

/** Replaces every dataset in a query by a sub-select on its relation. Throws UNKNOWN_DATASET for one that is not given. */
export async function replaceTables(tree: SyntaxNode, { inputs, kept, rowsOf }: TableBinding): Promise<void> {
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
    const select = await parseSelect(rowsOf(input, [...input.columns, ...kept].map((column) => quoteIdent(column.name))));
    if (isProblem(select)) throw new WeirError({ code: 'INTERNAL', message: `${select.message} (relation of ${name})` });
    becomeSubquery(table, select);
  }
}

/** The texts of a list in a tree. */
export function childTexts(value: SyntaxValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** What a model calls a table: its alias, or its own name. */
export function calledAs(table: SyntaxNode): string {
  return textOf(table, 'alias') || textOf(table, 'table_name');
}

/** Turns the node of a table into a sub-select in place; the model goes on calling it as before. */
function becomeSubquery(table: SyntaxNode, select: SyntaxNode): void {
  const alias = calledAs(table);
  const kept = { sample: table['sample'] ?? null, query_location: table['query_location'] ?? null, column_name_alias: table['column_name_alias'] ?? [] };
  for (const field of Object.keys(table)) delete table[field];
  Object.assign(table, { type: 'SUBQUERY', alias, ...kept, subquery: { node: select, named_param_map: [] } });
}

/** A column may be written `bronze.orders.amount`; a sub-select has no schema, so that only `orders.amount` finds it. */
export function shortenReference(node: SyntaxNode, inputs: ReadonlyMap<string, ModelInput>): void {
  const [schema, table, ...rest] = childTexts(node['column_names']);
  if (textOf(node, 'class') !== 'COLUMN_REF' || table === undefined || rest.length === 0) return;
  if (inputs.has(`${schema}.${table}`)) node['column_names'] = [table, ...rest];
}
