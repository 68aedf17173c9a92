import type { Clients } from './clients';
import { cachedDefinitions, newestDefinition } from './definitions';

const signal = new AbortController().signal;

test('a version of a definition is fetched once, others each for themselves, and what is no version not at all; the newest is asked for each time', async () => {
  const asked: string[] = [];
  const definitions = {
    getDefinition: ({ pipeline, version }: { pipeline: string; version: number }) => {
      asked.push(`${pipeline}@${version}`);
      return Promise.resolve({ pipeline, version, definitionJson: JSON.stringify({ name: pipeline, source: { type: 'kafka' } }) });
    },
  } as unknown as Clients['definitions'];
  const read = cachedDefinitions({ definitions });
  for (const [pipeline, version] of [['a', 1], ['a', 1], ['a', 2], ['b', 1], ['a', 1]] as const) expect(await read(pipeline, version, signal)).toMatchObject({ name: pipeline, mode: 'batch' });
  expect(asked).toEqual(['a@1', 'a@2', 'b@1']);
  for (let at = 0; at < 2; at += 1) expect(await newestDefinition({ definitions }, 'a', { signal })).toMatchObject({ name: 'a', lookbackGrains: 0 });
  expect(asked.slice(3)).toEqual(['a@0', 'a@0']);
  await expect(read('a', 0, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});
