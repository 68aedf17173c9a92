import { condense } from './condense';
import type { Span } from './span';
import { buildTree, type Node } from './tree';

function span(id: string, parent: string | undefined, service: string, name: string, duration: number, error?: Span['error']): Span {
  return { id, parent, service, name, start: 0, duration, error };
}

function lines(nodes: readonly Node[], indent = ''): string[] {
  return nodes.flatMap(({ span: { service, name, error }, total, children }) => [`${indent}${service} ${name} ${total}${error?.code ? ` ${error.code}` : ''}`, ...lines(children, `${indent}  `)]);
}

describe('condensing a trace', () => {
  it('shows an activity and an rpc as one line each, with the time of the outside and the content of the inside', () => {
    const spans = [
      span('a', undefined, 'orchestrator', 'StartActivity:extract', 90),
      span('b', 'a', 'orchestrator', 'RunActivity:extract', 60),
      span('c', 'b', 'orchestrator', 'grpc.weir.ingest.v1.IngestService/Extract', 50),
      span('d', 'c', 'ingest', 'grpc.weir.ingest.v1.IngestService/Extract', 40),
      span('e', 'd', 'ingest', 'lake put', 10),
    ];
    expect(lines(buildTree(spans).map(condense))).toEqual(['orchestrator extract 90', '  ingest IngestService/Extract 50', '    ingest lake put 10']);
  });

  it('keeps the code that only the inside knows', () => {
    const spans = [
      span('c', undefined, 'orchestrator', 'grpc.weir.ingest.v1.IngestService/Extract', 50, { reason: '9 FAILED_PRECONDITION', samples: [] }),
      span('d', 'c', 'ingest', 'grpc.weir.ingest.v1.IngestService/Extract', 40, { code: 'SOURCE_MISSING', reason: 'gone', samples: [] }),
    ];
    expect(lines(buildTree(spans).map(condense))).toEqual(['ingest IngestService/Extract 50 SOURCE_MISSING']);
  });

  it('keeps a call that never reached its server', () => {
    expect(lines(buildTree([span('c', undefined, 'orchestrator', 'grpc.weir.load.v1.LoadService/Load', 5)]).map(condense))).toEqual(['orchestrator LoadService/Load 5']);
  });
});
