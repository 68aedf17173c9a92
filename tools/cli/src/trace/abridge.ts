import type { Span } from './span';

/** Statements, files and book-keeping: hundreds of spans that a first look at a run does not need. */
const DETAIL = /^(pg|engine |lake |scan |write |copy |grpc\.temporal)|\/(RecordStage|GetDefinition|GetDifference|GetSnapshot)$/;

/** The spans that tell a run's story: workflow, stages, calls between services, models and tables. Those that failed stay, with all above them. */
export function abridge(spans: readonly Span[]): Span[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const kept = new Set<Span>();
  const keepWithParents = (span: Span | undefined): void => {
    for (let at = span; at && !kept.has(at); at = at.parent === undefined ? undefined : byId.get(at.parent)) kept.add(at);
  };
  const isDetail = (span: Span | undefined): boolean => span !== undefined && (DETAIL.test(span.name) || (span.parent !== undefined && isDetail(byId.get(span.parent))));
  for (const span of spans) if (span.error || !isDetail(span)) keepWithParents(span);
  return spans.filter((span) => kept.has(span));
}
