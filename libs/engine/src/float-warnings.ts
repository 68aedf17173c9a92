import { positionAt } from './sql-position';
import { isNode, textOf, walk, type SyntaxNode } from './syntax-tree';

/** Aggregates whose result over floating point numbers depends on the order of the rows. */
const SUMS: ReadonlySet<string> = new Set(['sum', 'avg', 'mean', 'sum_no_overflow', 'product', 'stddev', 'stddev_pop', 'stddev_samp', 'variance', 'var_pop', 'var_samp', 'corr', 'covar_pop', 'covar_samp']);
const FLOAT_SUMS: ReadonlySet<string> = new Set(['fsum', 'favg', 'kahan_sum', 'sumkahan']);
const FLOATS: ReadonlySet<string> = new Set(['DOUBLE', 'FLOAT']);

/** Says where a query adds up floating point numbers, as far as the text tells: casts and literals. The types of columns are not looked at. */
export function floatWarnings(sql: string, query: SyntaxNode): string[] {
  const warnings: string[] = [];
  walk(query, (node) => {
    const kind = textOf(node, 'class');
    if (kind !== 'FUNCTION' && kind !== 'WINDOW') return;
    const name = textOf(node, 'function_name').toLowerCase();
    if (!FLOAT_SUMS.has(name) && !(SUMS.has(name) && mentionsFloat(node))) return;
    const { line, column } = positionAt(sql, typeof node['query_location'] === 'number' ? node['query_location'] : 0);
    warnings.push(`${line}:${column}: \`${name}\` over floating point numbers can differ in the last digits from run to run; cast to DECIMAL.`);
  });
  return warnings;
}

function mentionsFloat(call: SyntaxNode): boolean {
  let found = false;
  walk(call['children'], (node) => {
    const kind = textOf(node, 'class');
    const type = kind === 'CAST' ? node['cast_type'] : kind === 'CONSTANT' && isNode(node['value']) ? node['value']['type'] : undefined;
    if (FLOATS.has(textOf(type, 'id'))) found = true;
  });
  return found;
}
