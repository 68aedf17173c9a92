import type { Node } from './tree';

/**
 * Takes out of a tree what only repeats the line above: Temporal's scheduling of an activity around its run, and an rpc's
 * client side around its server side. The outer span's time stays (it holds the waiting too), the inner one's service and
 * content; what stands beside the inner span in the outer one stays beside it.
 */
export function condense(node: Node): Node {
  const children = node.children.map(condense);
  const inner = children.find((child) => child.count === 1 && repeats(node, child));
  if (!inner) return { ...node, span: { ...node.span, name: readable(node.span.name) }, children };
  const { id, parent, start, duration } = node.span;
  const error = inner.span.error?.code ? inner.span.error : (node.span.error ?? inner.span.error);
  const beside = children.filter((child) => child !== inner);
  return { ...inner, span: { ...inner.span, id, parent, start, duration, error }, total: duration, orphan: node.orphan, children: [...inner.children, ...beside] };
}

/** Compared by their names before condensing, so a node keeps its first name until its own turn. */
function repeats(outer: Node, inner: Node): boolean {
  const { name } = outer.span;
  if (name.startsWith('StartActivity:')) return inner.span.name === name.slice('StartActivity:'.length);
  return name.startsWith('grpc.') && inner.span.name === readable(name);
}

/** `RunActivity:extract` → `extract`, `grpc.weir.ingest.v1.IngestService/Extract` → `IngestService/Extract`. */
function readable(name: string): string {
  return name.replace(/^RunActivity:/, '').replace(/^grpc\.(?:\w+\.)*/, '');
}
