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
  const at = aliasAt(childTexts(value['column_names']), aliases, hidden);
  // What a name stands for can only have the names before it.
  if (aliases[at]) return resolved(aliases[at].value, aliases.slice(0, at), hidden);
  const node = unchained(value, aliases, hidden);
  // `json -> '$.path'` is parsed as a lambda, too.
  const inside = textOf(node, 'class') === 'LAMBDA' && isNode(node['lhs']) && textOf(node['expr'], 'class') !== 'CONSTANT' ? new Set([...hidden, ...parametersOf(node['lhs'])]) : hidden;
  return Object.fromEntries(Object.entries(node).map(([field, child]) => [field, resolved(child, aliases, inside)]));
}

/** `name.upper()` has the name in the place of a schema; where it is no column, it becomes `upper(name)`. */
function unchained(node: SyntaxNode, aliases: readonly SelectAlias[], hidden: ReadonlySet<string>): SyntaxNode {
  const called = textOf(node, 'class') === 'FUNCTION' && !textOf(node, 'catalog') ? textOf(node, 'schema') : '';
  // The parser itself says `main` of some functions.
  if (called === 'main' || aliasAt([called], aliases, hidden) < 0) return node;
  const name = { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0, column_names: [called] };
  return { ...node, schema: '', children: [name, ...childrenOf(node['children'])] };
}

/** Of a lambda: one name, or a list of them. */
function parametersOf(left: SyntaxNode): string[] {
  const names: string[] = [];
  walk(left, (node) => names.push(...childTexts(node['column_names']).map((name) => name.toLowerCase())));
  return names;
}

/** Which name of the SELECT a reference is; -1 for one that is a column, or nothing. */
function aliasAt(names: readonly string[], aliases: readonly SelectAlias[], hidden: ReadonlySet<string>): number {
  const [first = '', second, ...more] = names.map((name) => name.toLowerCase());
  if (more.length > 0 || (second !== undefined && first !== 'alias')) return -1;
  const name = second ?? first;
  return second === undefined && hidden.has(name) ? -1 : aliases.findIndex((alias) => alias.name === name);
}
