import { childrenOf, ctesOf, isNode, textOf, walk, type SyntaxNode } from './syntax-tree';

/**
 * Whether a query maps each row of one base table to at most one row, by itself: no aggregate, window, distinct, join, order, limit, union,
 * CTE or sub-select. `notRowShaped` are the names of functions that are not one value per row.
 */
export function isRowShaped(query: SyntaxNode, notRowShaped: ReadonlySet<string>): boolean {
  if (textOf(query, 'type') !== 'SELECT_NODE' || ctesOf(query).length > 0) return false;
  const from = query['from_table'];
  if (textOf(from, 'type') !== 'BASE_TABLE' || !textOf(from, 'schema_name')) return false;
  if (isNode(from) && childrenOf(from['column_name_alias']).length > 0) return false;
  const grouped = textOf(query, 'aggregate_handling') !== 'STANDARD_HANDLING' || ['group_expressions', 'group_sets', 'modifiers'].some((field) => isFilled(query, field));
  if (grouped || isNode(query['having']) || isNode(query['qualify'])) return false;
  let simple = true;
  walk([query['select_list'] ?? [], query['where_clause'] ?? null], (node) => {
    const kind = textOf(node, 'class');
    if (kind === 'WINDOW' || kind === 'SUBQUERY') simple = false;
    if (kind === 'FUNCTION' && notRowShaped.has(textOf(node, 'function_name').toLowerCase())) simple = false;
    // COLUMNS(…) could match the columns that Weir adds.
    if (kind === 'STAR' && (node['columns'] === true || isNode(node['expr']))) simple = false;
  });
  return simple;
}

function isFilled(query: SyntaxNode, field: string): boolean {
  const value = query[field];
  return Array.isArray(value) && value.length > 0;
}
