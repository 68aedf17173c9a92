import fc from 'fast-check';
import { pipelineCircle, type AppliedPipelines } from './applied-pipelines';
import type { Definition } from './definition';

/** Pipelines that read each other as given; nothing else of them is looked at. */
function reading(edges: Readonly<Record<string, readonly string[]>>): AppliedPipelines {
  const definitionOf = (name: string): Definition | undefined => edges[name] && ({ name, upstream: edges[name].map((pipeline) => ({ pipeline })) } as unknown as Definition);
  return { newest: (name) => Promise.resolve(definitionOf(name)), names: () => Promise.resolve(Object.keys(edges)) };
}

test.each<[string, Record<string, string[]>, string[], string[] | undefined]>([
  ['nothing', {}, [], undefined],
  ['a pipeline that reads nothing', { b: [] }, ['b'], undefined],
  ['a pipeline that reads it', { b: ['a'] }, ['b'], ['a', 'b', 'a']],
  ['one that reads one that reads it', { b: ['c'], c: ['a'] }, ['b'], ['a', 'b', 'c', 'a']],
  ['the second of two', { b: [], c: ['b', 'a'] }, ['b', 'c'], ['a', 'c', 'a']],
  ['a circle of others', { b: ['c'], c: ['b'] }, ['b'], undefined],
  ['one that is not applied', {}, ['b'], undefined],
  ['the stored version of itself, which is about to be replaced', { a: ['b'], b: [] }, ['b'], undefined],
])('the circle of a pipeline that reads %s', async (_what, edges, reads, circle) => {
  expect(await pipelineCircle('a', reads, reading(edges))).toEqual(circle);
});

test('a circle is found when and only when there is a way back, and is one', async () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const edges = fc.dictionary(name, fc.uniqueArray(name));
  await fc.assert(
    fc.asyncProperty(edges, fc.uniqueArray(name, { minLength: 1 }), async (others, reads) => {
      const graph: Record<string, string[]> = { ...others, a: reads };
      // The oracle: all that can be reached, by going on until nothing new comes.
      const reached = new Set<string>(reads);
      for (let size = -1; size !== reached.size; ) {
        size = reached.size;
        for (const at of [...reached].sort()) graph[at]?.forEach((next) => reached.add(next));
      }
      const circle = await pipelineCircle('a', reads, reading(others));
      expect(circle !== undefined).toBe(reached.has('a'));
      circle?.slice(1).forEach((to, index) => expect(graph[circle[index] ?? '']).toContain(to));
      if (circle) expect([circle[0], circle.at(-1)]).toEqual(['a', 'a']);
    }),
  );
});
