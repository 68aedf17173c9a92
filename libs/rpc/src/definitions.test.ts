import type { Clients } from './clients';
import { cachedDefinitions } from './definitions';

const signal = new AbortController().signal;

test('a version of a definition is fetched once, others each for themselves, and what is no version not at all', async () => {
  const asked: string[] = [];
  const definitions = {
    getDefinition: ({ pipeline, version }: { pipeline: string; version: number }) => {
      asked.push(`${pipeline}@${version}`);
      return Promise.resolve({ pipeline, version, definitionJson: JSON.stringify({ name: pipeline }) });
    },
  } as unknown as Clients['definitions'];
  const read = cachedDefinitions({ definitions });
  for (const [pipeline, version] of [['a', 1], ['a', 1], ['a', 2], ['b', 1], ['a', 1]] as const) expect(await read(pipeline, version, signal)).toEqual({ name: pipeline });
  expect(asked).toEqual(['a@1', 'a@2', 'b@1']);
  await expect(read('a', 0, signal)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});
