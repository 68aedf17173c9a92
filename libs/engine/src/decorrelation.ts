import { childrenOf, textOf, walk, type SyntaxNode } from './syntax-tree';

const JOINS: ReadonlySet<string> = new Set(['INNER', 'LEFT']);
const JOIN_KINDS: ReadonlySet<string> = new Set(['REGULAR', 'NATURAL', 'CROSS']);

/**
 * Whether the engine can evaluate a query for many partitions in one correlated statement with the right result. It refuses some joins, and
 * gives a wrong `grouping` over empty partitions; what is not known to be right (see the property test) is run partition by partition.
 */
export function runsTogether(query: SyntaxNode): boolean {
  let together = true;
  walk(query, (node) => {
    const kind = textOf(node, 'type');
    if (kind === 'JOIN' && !(JOINS.has(textOf(node, 'join_type')) && JOIN_KINDS.has(textOf(node, 'ref_type')))) together = false;
    if (kind === 'PIVOT' || kind === 'RECURSIVE_CTE_NODE' || kind === 'LIMIT_PERCENT_MODIFIER') together = false;
    if (kind === 'SELECT_NODE' && groupingSets(node) > 1) together = false;
  });
  return together;
}

function groupingSets(select: SyntaxNode): number {
  const sets = select['group_sets'];
  return Array.isArray(sets) ? sets.length : childrenOf(sets).length;
}
