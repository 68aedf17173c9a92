import { childTexts } from './bind-tables';
import { childrenOf, isNode, textOf, walk, type SyntaxNode, type SyntaxValue } from './syntax-tree';

/** A name that a SELECT gives, and what it stands for. */
export interface SelectAlias {
  /** In lower case. */
  readonly name: string;
  readonly value: SyntaxNode;
}

/** The names that the items of a SELECT give, in order. */
export function aliasesOf(items: readonly SyntaxNode[], table: string): readonly SelectAlias[] {
  return items.flatMap((item): SelectAlias[] => {
    if (textOf(item, 'class') === 'STAR') return renamesOf(item, table);
    const name = textOf(item, 'alias').toLowerCase();
    return name ? [{ name, value: { ...item, alias: '' } }] : [];
  });
}

/** An expression with every name of the SELECT replaced by what it stands for; a column of that name, one of `columns` in lower case, goes before it, as it does in the engine. */
export function withoutAliases(expression: SyntaxNode, aliases: readonly SelectAlias[], columns: ReadonlySet<string>): SyntaxNode {
  return resolved(expression, aliases, columns) as SyntaxNode;
}

/** The last parts of all names in an expression, in lower case: columns, names of the SELECT, and parameters of lambdas. */
export function namesIn(expression: SyntaxNode): string[] {
  const names: string[] = [];
  walk(expression, (node) => {
    const [last] = childTexts(node['column_names']).slice(-1);
    if (last !== undefined) names.push(last.toLowerCase());
    // `name.upper()` has the name in the place of a schema.
    if (textOf(node, 'class') === 'FUNCTION' && textOf(node, 'schema')) names.push(textOf(node, 'schema').toLowerCase());
  });
  return names;
}

function renamesOf(star: SyntaxNode, table: string): SelectAlias[] {
  return childrenOf(star['rename_list']).map((entry) => ({
    name: textOf(entry, 'value').toLowerCase(),
    value: { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0, column_names: [table, textOf(entry['key'], 'column')] },
  }));
}

/** `hidden`: columns, and the parameters of the lambdas around. */
function resolved(value: SyntaxValue, aliases: readonly SelectAlias[], hidden: ReadonlySet<string>): SyntaxValue {
  if (Array.isArray(value)) return value.map((item) => resolved(item, aliases, hidden));
  if (!isNode(value) || value['class'] === 'CONSTANT') return value;
  const { node, rest } = replaced(value, aliases, hidden);
  // `json -> '$.path'` is parsed as a lambda, too.
  const inside = textOf(node, 'class') === 'LAMBDA' && isNode(node['lhs']) && textOf(node['expr'], 'class') !== 'CONSTANT' ? new Set([...hidden, ...namesIn(node['lhs'])]) : hidden;
  return Object.fromEntries(Object.entries(node).map(([field, child]) => [field, resolved(child, rest, inside)]));
}

/** A node, or what its name stands for; what that is made of can only have the names before it. */
function replaced(node: SyntaxNode, aliases: readonly SelectAlias[], hidden: ReadonlySet<string>): { node: SyntaxNode; rest: readonly SelectAlias[] } {
  const called = textOf(node, 'class') === 'FUNCTION' && !textOf(node, 'catalog') ? textOf(node, 'schema') : undefined;
  const at = aliasAt(called ? [called] : childTexts(node['column_names']), aliases, hidden);
  const alias = aliases[at];
  if (!alias) return { node, rest: aliases };
  if (!called) return { node: alias.value, rest: aliases.slice(0, at) };
  return { node: { ...node, schema: '', children: [alias.value, ...childrenOf(node['children'])] }, rest: aliases };
}

function aliasAt(names: readonly string[], aliases: readonly SelectAlias[], hidden: ReadonlySet<string>): number {
  const [first = '', second, ...more] = names.map((name) => name.toLowerCase());
  if (more.length > 0 || (second !== undefined && first !== 'alias')) return -1;
  const name = second ?? first;
  return second === undefined && hidden.has(name) ? -1 : aliases.findIndex((alias) => alias.name === name);
}
