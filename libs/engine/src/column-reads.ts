import { isSqlProblem, type ColumnRead, type SqlProblem } from '@weir/core';
import { childTexts } from './bind-tables';
import { innerScope, joined, resolveName, uncertain, type Origins, type Output, type Relation, type Scope } from './name-scope';
import { inspectModel } from './parse-model';
import { positionAt } from './sql-position';
import { childrenOf, ctesOf, isNode, isProblem, isQuery, parseSelect, textOf, type SyntaxNode, type SyntaxValue } from './syntax-tree';

/**
 * The columns of its inputs that a model reads, by its parse tree: each once, at the first place that asks for it, in the order of the SQL. A star asks for those columns
 * that something asks of it. `inputs`: columns by qualified name; of an input that is missing, or has none, any name may be a column. A problem for what is no model.
 */
export async function columnReads(sql: string, inputs: ReadonlyMap<string, readonly string[]>): Promise<readonly ColumnRead[] | SqlProblem> {
  const model = await inspectModel(sql);
  if (isSqlProblem(model)) return model;
  const tree = await parseSelect(sql);
  if (isProblem(tree)) return tree;
  const reading = new Reading(inputs);
  const { outputs } = reading.query(tree, undefined);
  reading.noteStars(outputs);
  const madeFrom = ({ input, column }: Origins[number]) => outputs.filter(({ origins }) => origins.some((origin) => origin.input === input && origin.column === column)).map(({ name }) => name);
  return [...reading.notes.values()].sort((a, b) => a.at - b.at).map(({ at, origin }) => {
    const { input, column, certain } = origin;
    const place = positionAt(sql, at);
    return { input, name: column, certain, outputs: madeFrom(origin), line: place.line, column: place.column };
  });
}

/** One walk over a tree. */
class Reading {
  readonly notes = new Map<string, { readonly at: number; readonly origin: Origins[number] }>();

  constructor(private readonly inputs: ReadonlyMap<string, readonly string[]>) {}

  /** That these columns are asked for at a place; of several places the first one stays, but one that is certain goes before one that is not. */
  note(origins: Origins, at: number): void {
    for (const origin of origins) {
      const key = JSON.stringify([origin.input, origin.column]);
      const known = this.notes.get(key);
      if (!known || (origin.certain && !known.origin.certain) || (origin.certain === known.origin.certain && at < known.at)) this.notes.set(key, { at, origin });
    }
  }

  /** That all of a query's columns matter: those that it names are noted already, those of its stars are not. */
  noteStars(outputs: readonly Output[]): void {
    for (const { origins, star } of outputs) if (star !== undefined) this.note(origins, star);
  }

  query(node: SyntaxNode, outer: Scope | undefined): Relation {
    const scope = innerScope(outer);
    for (const { key, query } of ctesOf(node)) scope.ctes.set(key, this.query(query, scope));
    const [left, right] = ['left', 'right'].map((side) => childrenOf(node[side])[0]);
    if (!left || !right) return this.select(node, scope);
    const first = this.query(left, scope);
    const self = textOf(node, 'cte_name').toLowerCase();
    if (self) scope.ctes.set(self, first);
    const united = unite(first, this.query(right, scope), textOf(node, 'setop_type') === 'UNION_BY_NAME');
    // Which rows are left depends on all of their columns.
    if (node['setop_all'] !== true && node['union_all'] !== true) this.noteStars(united.outputs);
    scope.aliases = united.outputs;
    this.clauses(node, scope);
    return united;
  }

  private select(node: SyntaxNode, scope: Scope): Relation {
    const conditions: SyntaxNode[] = [];
    if (isNode(node['from_table'])) this.from(node['from_table'], scope, conditions);
    const relations = scope.tables.map(({ relation }) => relation);
    for (const item of childrenOf(node['select_list'])) scope.aliases = [...scope.aliases, ...this.item(item, scope)];
    const outputs = scope.aliases;
    for (const condition of conditions) this.expression(condition, scope);
    this.clauses(node, scope);
    const starred = childrenOf(node['select_list']).some((item) => textOf(item, 'class') === 'STAR');
    return { outputs, others: starred ? relations.find(({ others }) => others)?.others : undefined, unknown: starred ? relations.find(({ unknown }) => unknown !== undefined)?.unknown : undefined };
  }

  /** All of a query that is neither what it gives nor where it takes it from. */
  private clauses(node: SyntaxNode, scope: Scope): void {
    for (const field of ['where_clause', 'group_expressions', 'having', 'qualify']) for (const child of childrenOf(node[field])) this.expression(child, scope);
    for (const modifier of childrenOf(node['modifiers'])) {
      const targets = childrenOf(modifier['distinct_on_targets']);
      if (textOf(modifier, 'type') === 'DISTINCT_MODIFIER' && targets.length === 0) this.noteStars(scope.aliases);
      // `order by all` is of what the query gives.
      for (const child of [...targets, ...childrenOf(modifier['orders']).flatMap((order) => childrenOf(order['expression'])), ...childrenOf(modifier['limit']), ...childrenOf(modifier['offset'])]) if (textOf(child, 'class') !== 'STAR') this.expression(child, scope);
    }
  }

  private from(node: SyntaxNode, scope: Scope, conditions: SyntaxNode[]): void {
    switch (textOf(node, 'type')) {
      case 'BASE_TABLE':
        scope.tables.push({ name: (textOf(node, 'alias') || textOf(node, 'table_name')).toLowerCase(), relation: renamed(this.baseTable(node, scope), node) });
        break;
      case 'SUBQUERY': {
        const [query] = childrenOf(isNode(node['subquery']) ? node['subquery']['node'] : undefined);
        // A lateral one sees the tables before it; one that is not sees none of their names that it has not itself.
        if (query) scope.tables.push({ name: textOf(node, 'alias').toLowerCase(), relation: renamed(this.query(query, scope), node) });
        break;
      }
      case 'JOIN':
        this.join(node, scope, conditions);
        break;
      case 'PIVOT':
        scope.tables.push({ name: textOf(node, 'alias').toLowerCase(), relation: this.pivot(node, scope) });
        break;
      case 'EXPRESSION_LIST': {
        const rows = (Array.isArray(node['values']) ? node['values'] : []).map((row) => childrenOf(row).map((value) => this.expression(value, scope)));
        scope.tables.push({ name: textOf(node, 'alias').toLowerCase(), relation: { outputs: (rows[0] ?? []).map((_, at) => ({ name: `col${at}`, origins: joined(...rows.map((row) => row[at] ?? [])) })) } });
        break;
      }
    }
  }

  private baseTable(node: SyntaxNode, scope: Scope): Relation {
    const [schema, table] = [textOf(node, 'schema_name'), textOf(node, 'table_name')];
    const cte = schema ? undefined : scope.ctes.get(table.toLowerCase());
    if (cte) return cte;
    const input = [schema, table].filter(Boolean).join('.');
    const columns = this.inputs.get(input) ?? [];
    return columns.length === 0 ? { outputs: [], unknown: input } : { outputs: columns.map((column) => ({ name: column.toLowerCase(), origins: [{ input, column, certain: true }] })) };
  }

  private join(node: SyntaxNode, scope: Scope, conditions: SyntaxNode[]): void {
    const [left, right] = ['left', 'right'].map((side) => childrenOf(node[side])[0]);
    if (left) this.from(left, scope, conditions);
    const before = scope.tables.length;
    if (right) this.from(right, scope, conditions);
    conditions.push(...childrenOf(node['condition']));
    const names = (tables: Scope['tables']) => tables.flatMap(({ relation }) => relation.outputs.map(({ name }) => name));
    const shared = textOf(node, 'ref_type') === 'NATURAL' ? names(scope.tables.slice(before)).filter((name) => names(scope.tables.slice(0, before)).includes(name)) : childTexts(node['using_columns']);
    for (const name of shared) this.note(resolveName([name], scope), offsetOf(node));
  }

  /** Names of what comes out are values of what goes in: it may be made of all columns that the pivot does not name. */
  private pivot(node: SyntaxNode, scope: Scope): Relation {
    const inside = innerScope(scope);
    const conditions: SyntaxNode[] = [];
    for (const source of childrenOf(node['source'])) this.from(source, inside, conditions);
    for (const part of [...conditions, ...childrenOf(node['aggregates']), ...childrenOf(node['pivots']).flatMap((pivot) => childrenOf(pivot['pivot_expressions']))]) this.expression(part, inside);
    for (const name of childTexts(node['groups'])) this.note(resolveName([name], inside), offsetOf(node));
    const all = joined(...inside.tables.flatMap(({ relation }) => [...relation.outputs.map(({ origins }) => origins), relation.others ?? []]));
    this.note(uncertain(all), offsetOf(node));
    return { outputs: [], others: uncertain(all) };
  }

  private item(node: SyntaxNode, scope: Scope): Output[] {
    if (textOf(node, 'class') === 'STAR' && !isNode(node['expr'])) return this.star(node, scope);
    const name = textOf(node, 'alias') || (textOf(node, 'class') === 'COLUMN_REF' ? (childTexts(node['column_names']).at(-1) ?? '') : '');
    return [{ name: name.toLowerCase(), origins: this.expression(node, scope) }];
  }

  private star(node: SyntaxNode, scope: Scope): Output[] {
    const of = textOf(node, 'relation_name').toLowerCase();
    const dropped = new Set([...childTexts(node['exclude_list']), ...childrenOf(node['qualified_exclude_list']).map((entry) => textOf(entry, 'column'))].map((name) => name.toLowerCase()));
    const replaced = new Map(childrenOf(node['replace_list']).map((entry) => [textOf(entry, 'key').toLowerCase(), childrenOf(entry['value'])[0]]));
    const names = new Map(childrenOf(node['rename_list']).map((entry) => [textOf(entry['key'], 'column').toLowerCase(), textOf(entry, 'value').toLowerCase()]));
    const given = new Map<string, Output>();
    for (const { name, origins } of scope.tables.filter((table) => !of || table.name === of).flatMap(({ relation }) => relation.outputs)) {
      if (dropped.has(name)) continue;
      const value = replaced.get(name);
      // A column of a join USING comes once.
      given.set(name, { name: names.get(name) ?? name, origins: value ? this.expression(value, scope) : joined(given.get(name)?.origins ?? [], origins), star: offsetOf(node) });
    }
    return [...given.values()];
  }

  /** What a value is made of; notes what is asked for on the way. */
  private expression(value: SyntaxValue | undefined, scope: Scope): Origins {
    if (Array.isArray(value)) return joined(...value.map((child) => this.expression(child, scope)));
    if (!isNode(value)) return [];
    if (isQuery(value)) return joined(...this.query(value, scope).outputs.map(({ origins }) => origins));
    switch (textOf(value, 'class')) {
      case 'CONSTANT':
        return [];
      case 'COLUMN_REF':
        return this.asked(resolveName(childTexts(value['column_names']), scope), value);
      case 'STAR':
        // COLUMNS('…'), or a star in an expression: some of the columns.
        return this.asked(uncertain(joined(...this.star(value, scope).map(({ origins }) => origins))), value);
      case 'SUBQUERY':
        return this.subquery(value, scope);
      case 'LAMBDA':
        return this.lambda(value, scope);
      default: {
        // `amount.round()` has the column in the place of a schema; the parser itself says `main` of some functions.
        const called = textOf(value, 'class') === 'FUNCTION' ? textOf(value, 'schema') : '';
        const chained = called && called !== 'main' ? this.asked(resolveName([called], scope), value) : [];
        return joined(chained, ...Object.values(value).map((child) => this.expression(child, scope)));
      }
    }
  }

  private subquery(node: SyntaxNode, scope: Scope): Origins {
    const [query] = childrenOf(isNode(node['subquery']) ? node['subquery']['node'] : undefined);
    const compared = this.expression(node['child'], scope);
    const outputs = query ? this.query(query, scope).outputs : [];
    // Whether there are rows does not depend on what the query gives.
    if (/EXISTS/.test(textOf(node, 'subquery_type'))) return [];
    this.noteStars(outputs);
    return joined(compared, ...outputs.map(({ origins }) => origins));
  }

  private lambda(node: SyntaxNode, scope: Scope): Origins {
    // `json -> '$.path'` is parsed as a lambda, too.
    if (isNode(node['expr']) && textOf(node['expr'], 'class') === 'CONSTANT') return this.expression(node['lhs'], scope);
    return this.expression(node['expr'], innerScope(scope, parametersOf(node['lhs'])));
  }

  private asked(origins: Origins, node: SyntaxNode): Origins {
    this.note(origins, offsetOf(node));
    return origins;
  }
}

/** The outputs of two queries under each other: by place, or by name. */
function unite(left: Relation, right: Relation, byName: boolean): Relation {
  const partner = (output: Output, at: number) => (byName ? right.outputs.find(({ name }) => name === output.name) : right.outputs[at]);
  const outputs = left.outputs.map((output, at) => ({ ...output, origins: joined(output.origins, partner(output, at)?.origins ?? []) }));
  const alone = byName ? right.outputs.filter(({ name }) => left.outputs.every((output) => output.name !== name)) : [];
  return { outputs: [...outputs, ...alone], others: left.others ?? right.others, unknown: left.unknown ?? right.unknown };
}

/** `from orders as o(a, b)` names the first columns anew. */
function renamed(relation: Relation, node: SyntaxNode): Relation {
  const names = childTexts(node['column_name_alias']);
  return names.length === 0 ? relation : { ...relation, outputs: relation.outputs.map((output, at) => ({ ...output, name: names[at]?.toLowerCase() ?? output.name })) };
}

/** Of a lambda: one name, or a list of them. */
function parametersOf(left: SyntaxValue | undefined): string[] {
  return childrenOf(left).flatMap((node) => [...childTexts(node['column_names']), ...childrenOf(node['children']).flatMap(parametersOf)]).map((name) => name.toLowerCase());
}

/** The engine gives no place for nodes that it made itself. */
function offsetOf({ query_location: at }: SyntaxNode): number {
  return typeof at === 'number' ? at : 0;
}
