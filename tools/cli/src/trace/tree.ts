import type { Span } from './span';

/** A span with what happened inside it, or several like it as one. */
export interface Node {
  readonly span: Span;
  /** How many spans this line stands for; 1 unless folded. */
  readonly count: number;
  /** Time of all of them together, milliseconds. */
  readonly total: number;
  /** Its parent was never received. */
  readonly orphan: boolean;
  readonly children: readonly Node[];
}

/** More spans of one kind than this below one parent become one line. */
const FOLD_ABOVE = 3;

/** Spans as trees in order of their start; a root, and each span whose parent was not received, starts one. */
export function buildTree(spans: readonly Span[]): Node[] {
  const known = new Set(spans.map(({ id }) => id));
  const byParent = grouped(spans, ({ parent }) => (parent !== undefined && known.has(parent) ? parent : ROOT));
  return level(byParent, ROOT, new Set());
}

const ROOT = '';

function level(byParent: ReadonlyMap<string, Span[]>, parent: string, above: ReadonlySet<string>): Node[] {
  // A span that names itself as an ancestor would be drawn for ever.
  const spans = (byParent.get(parent) ?? []).filter(({ id }) => !above.has(id));
  const nodes = spans.map((span): Node => {
    const orphan = parent === ROOT && span.parent !== undefined;
    return { span, count: 1, total: span.duration, orphan, children: level(byParent, span.id, new Set([...above, span.id])) };
  });
  return fold(nodes).toSorted((a, b) => a.span.start - b.span.start);
}

/** Siblings of one service and kind become one node; a failed one, or one with a failure inside, keeps its own line. */
function fold(nodes: readonly Node[]): Node[] {
  const groups = grouped(nodes, (node) => (failed(node) ? node.span.id : kindOf(node.span)));
  return [...groups.values()].flatMap((group) => (group.length > FOLD_ABOVE ? [folded(group)] : group));
}

function folded(group: readonly Node[]): Node {
  const start = Math.min(...group.map(({ span }) => span.start));
  const end = Math.max(...group.map(({ span }) => span.start + span.duration));
  const first = group[0] as Node;
  const total = group.reduce((sum, node) => sum + node.total, 0);
  return { span: { ...first.span, name: nameOf(first.span), start, duration: end - start }, count: group.length, total, orphan: first.orphan, children: [] };
}

function failed(node: Node): boolean {
  return node.span.error !== undefined || node.children.some(failed);
}

function kindOf(span: Span): string {
  return `${span.service}\n${nameOf(span)}`;
}

/** Names that differ only in a number or a hash are of one kind, and so are all statements of one service. */
function nameOf({ name }: Span): string {
  if (/^pg[.-]/.test(name)) return 'pg';
  return name.replace(/[0-9a-f]{16,}|\b\d+\b/g, '*');
}

function grouped<T>(values: readonly T[], key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}
