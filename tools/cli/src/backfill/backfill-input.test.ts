import { DefinitionServiceService, connect, serve, unary, type Clients, type GetDefinitionRequest, type RpcServer } from '@weir/rpc';
import { backfillName, checkBackfillInput, parseRate } from './backfill-input';
import { candidateIds } from './find-backfill';

describe('what a backfill is given', () => {
  let server: RpcServer;
  let clients: Clients;
  beforeAll(async () => {
    const getDefinition = unary(async ({ pipeline }: GetDefinitionRequest) => ({ pipeline, version: 1, definitionJson: JSON.stringify({ source: { type: 'file' }, ...(pipeline === 'daily' ? { grain: '1d' } : {}) }) }));
    const unused = unary(() => Promise.resolve({})) as never;
    server = await serve({ host: '127.0.0.1', port: 0, services: [[DefinitionServiceService, { getDefinition: getDefinition as never, apply: unused, listPipelines: unused }]], reflection: false });
    clients = connect({ metadata: `127.0.0.1:${server.port}` });
  });
  afterAll(async () => {
    clients.close();
    await server.drain(100);
  });

  it('is what the workflow takes', async () => {
    const options = { interval: '2010-12-01/2011-12-10', only: 'Stale', order: 'newest', parallel: '8', rate: '2/s', reason: 'new tax rule' };
    await expect(checkBackfillInput(clients, 'daily', options)).resolves.toEqual({
      pipeline: 'daily',
      interval: { start: '2010-12-01T00:00:00Z', end: '2011-12-10T00:00:00Z' },
      only: 'stale',
      order: 'newest',
      parallelism: 8,
      ratePerMinute: 120,
      reason: 'new tax rule',
    });
  });

  it('leaves what was not said to the workflow', async () => {
    const input = await checkBackfillInput(clients, 'daily', { interval: '2010-12-01/2010-12-02' });
    expect(JSON.parse(JSON.stringify(input))).toEqual({ pipeline: 'daily', interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' } });
  });

  it.each([
    ['whole', {}, 'INVALID_INTERVAL', 'whole'],
    ['daily', { interval: '2010-12-01T05/2010-12-02' }, 'INVALID_INTERVAL', undefined],
    ['daily', { only: 'gone' }, 'INVALID_VALUE', '--only'],
    ['daily', { order: 'up' }, 'INVALID_VALUE', '--order'],
    ['daily', { parallel: '0' }, 'INVALID_VALUE', '--parallel'],
    ['daily', { parallel: '65' }, 'INVALID_VALUE', '--parallel'],
    ['daily', { parallel: '1.5' }, 'INVALID_VALUE', '--parallel'],
    ['daily', { rate: '30' }, 'INVALID_VALUE', '--rate'],
  ])('of %s with %j is refused as %s', async (pipeline, options, code, place) => {
    await expect(checkBackfillInput(clients, pipeline, { interval: '2010-12-01/2010-12-02', ...options })).rejects.toMatchObject({ code, ...(place ? { place } : {}) });
  });
});

describe('a rate', () => {
  test.each([
    ['30/m', 30],
    ['1/s', 60],
    ['90/h', 1.5],
    ['0.5/m', 0.5],
    ['6000/m', 6_000],
  ])('of %s is %d starts a minute', (text, perMinute) => {
    expect(parseRate(text)).toBe(perMinute);
  });

  test.each(['0/m', '-1/m', '1/d', 'fast', '6001/m', '101/s', ''])('is refused as %j', (text) => {
    expect(() => parseRate(text)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: '--rate' }) as Error);
  });
});

describe('the name of a backfill', () => {
  const interval = { start: '2010-12-01T00:00:00Z', end: '2011-12-10T00:00:00Z' };

  test('says what it takes, so that the same question finds the same backfill', () => {
    expect(backfillName({ interval }, undefined)).toBe('2010-12-01_2011-12-10-missing');
    expect(backfillName({ interval, only: 'stale' }, undefined)).toBe('2010-12-01_2011-12-10-stale');
    expect(backfillName({ interval }, 'tax')).toBe('tax');
  });

  test.each(['', 'a b', 'a/b', 'x'.repeat(201)])('cannot be %j', (name) => {
    expect(() => backfillName({ interval }, name)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE', place: '--name' }) as Error);
  });

  test('is found with its pipeline, by its whole id, or by any id that Temporal was given', () => {
    expect(candidateIds('retail/year')).toEqual(['backfill/retail/year', 'retail/year']);
    expect(candidateIds('backfill/retail/year')).toEqual(['backfill/retail/year']);
    expect(candidateIds('year')).toEqual(['year']);
  });
});
