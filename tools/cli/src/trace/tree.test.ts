import type { Span } from './span';
import { buildTree, type Node } from './tree';

function span(id: string, parent: string | undefined, name: string, start = 0, duration = 1, more: Partial<Span> = {}): Span {
  return { id, parent, service: 'weir-ingest', name, start, duration, ...more };
}

/** `name` and, in brackets, what is inside. */
function shape(nodes: readonly Node[]): string {
  return nodes.map(({ span: { name }, count, children }) => `${count > 1 ? `${count}×` : ''}${name}${children.length > 0 ? `(${shape(children)})` : ''}`).join(' ');
}

describe('the tree of a trace', () => {
  it('nests spans below their parents in order of their start', () => {
    expect(shape(buildTree([span('c', 'a', 'late', 5), span('b', 'a', 'early', 2), span('a', undefined, 'root')]))).toBe('root(early late)');
  });

  it('folds more than three of a kind below one parent into one line with count and total', () => {
    const puts = Array.from({ length: 305 }, (_, at) => span(`p${at}`, 'a', `lake put ${at}`, at, 2));
    const [root] = buildTree([span('a', undefined, 'root'), ...puts]);
    expect(shape(root ? [root] : [])).toBe('root(305×lake put *)');
    expect(root?.children[0]).toMatchObject({ count: 305, total: 610, span: { start: 0, duration: 306 } });
  });

  it('leaves three of a kind as they are', () => {
    expect(shape(buildTree([1, 2, 3].map((at) => span(`p${at}`, undefined, `put ${at}`, at))))).toBe('put 1 put 2 put 3');
  });

  it('never folds away a failure or what contains one', () => {
    const failed = { error: { code: 'DISK_FULL', reason: 'full', samples: [] } };
    const puts = Array.from({ length: 9 }, (_, at) => span(`p${at}`, 'a', 'put', at, 1, at === 4 ? failed : {}));
    const inside = span('deep', 'p7', 'write', 7, 1, failed);
    expect(shape(buildTree([span('a', undefined, 'root'), ...puts, inside]))).toBe('root(7×put put put(write))');
  });

  it('shows a span whose parent was not received as an orphan at the top', () => {
    expect(buildTree([span('x', 'gone', 'lost')])).toMatchObject([{ orphan: true, span: { name: 'lost' } }]);
  });

  it('ends on spans that name each other as parents', () => {
    expect(buildTree([span('a', 'b', 'one'), span('b', 'a', 'two')])).toEqual([]);
  });
});
