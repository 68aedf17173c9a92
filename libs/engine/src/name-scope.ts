/** A column of an input, such as `amount` of `bronze.orders`. */
export interface Origin {
  readonly input: string;
  readonly column: string;
  /** False where a name may also mean something else. */
  readonly certain: boolean;
}

/** What a value was made from. */
export type Origins = readonly Origin[];

/** A column that a query or a table gives. */
export interface Output {
  /** In lower case; empty where the SQL gives none. */
  readonly name: string;
  readonly origins: Origins;
  /** Byte offset of the star that gives it; undefined where the SQL names it. */
  readonly star?: number | undefined;
}

/** What can be read from a table, a sub-select or a CTE. */
export interface Relation {
  readonly outputs: readonly Output[];
  /** What columns of any other name are made from, such as those that a pivot makes of values; none where there are no others. */
  readonly others?: Origins | undefined;
  /** The input whose columns nobody knows: any name may be one of them. */
  readonly unknown?: string | undefined;
}

/** A relation under the name that a FROM gives it, in lower case. */
export interface Table {
  readonly name: string;
  readonly relation: Relation;
}

/** Names that a place in a query sees. */
export interface Scope {
  readonly tables: Table[];
  /** The names of a SELECT's own items, which columns of tables go before. */
  aliases: readonly Output[];
  /** In lower case, by name. */
  readonly ctes: Map<string, Relation>;
  /** Parameters of lambdas, which go before all. */
  readonly hidden: ReadonlySet<string>;
  readonly outer?: Scope | undefined;
}

/** A scope within another: a sub-select, or the inside of a lambda with its parameters. */
export function innerScope(outer: Scope | undefined, hidden: readonly string[] = []): Scope {
  return { tables: [], aliases: [], ctes: new Map(outer?.ctes), hidden: new Set(hidden), outer };
}

/** What a reference such as `amount`, `o.amount` or `bronze.orders.amount` was made from: nothing for one that no table has. */
export function resolveName(names: readonly string[], from: Scope): Origins {
  const lower = names.map((name) => name.toLowerCase());
  for (let scope: Scope | undefined = from; scope; scope = scope.outer) {
    const found = inScope(lower, scope);
    if (found) return found;
  }
  return [];
}

/** The origins of columns in any of several relations, each once; certain where one of them is. */
export function joined(...origins: readonly Origins[]): Origins {
  const all = new Map<string, Origin>();
  for (const origin of origins.flat()) {
    const key = JSON.stringify([origin.input, origin.column]);
    if (origin.certain || !all.has(key)) all.set(key, origin);
  }
  return [...all.values()];
}

export function uncertain(origins: Origins): Origins {
  return origins.map((origin) => ({ ...origin, certain: false }));
}

function inScope(names: readonly string[], scope: Scope): Origins | undefined {
  const [first = '', second, third] = names;
  if (second !== undefined) {
    // `orders.amount`, or `bronze.orders.amount`; other dots are fields of a value.
    const table = scope.tables.find(({ name }) => name === first) ?? (third === undefined ? undefined : scope.tables.find(({ name }) => name === second));
    if (table) return columnOf(table.relation, table.name === first ? second : (third ?? second), true);
  }
  return scope.hidden.has(first) ? [] : bareName(first, scope);
}

function bareName(name: string, { tables, aliases }: Scope): Origins | undefined {
  // A column of a join USING is in several tables, and is all of them.
  const known = tables.filter(({ relation }) => relation.outputs.some((output) => output.name === name));
  if (known.length > 0) return joined(...known.map(({ relation }) => columnOf(relation, name, true)));
  const possible = tables.filter(({ relation }) => relation.others !== undefined || relation.unknown !== undefined);
  const alias = aliases.find((output) => output.name === name);
  if (possible.length > 0) return joined(...possible.map(({ relation }) => columnOf(relation, name, possible.length === 1 && !alias)), alias?.origins ?? []);
  return alias?.origins;
}

function columnOf({ outputs, others = [], unknown }: Relation, name: string, certain: boolean): Origins {
  const known = outputs.filter((output) => output.name === name);
  if (known.length > 0) return joined(...known.map(({ origins }) => origins));
  return [...uncertain(others), ...(unknown === undefined ? [] : [{ input: unknown, column: name, certain }])];
}
