import { compileDefinition, type AppliedPipelines, type Definition } from '@weir/core';
import { inspector } from '@weir/engine';
import type { ValidateResult } from '@weir/rpc';
import { expectedOutcomes, publicData, publicDefinition, PUBLIC_SCHEMAS, type ExpectedOutcome, type PublicSchema } from '@weir/testkit';
import { sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await publishPlaces();
});
afterAll(() => bench.close());
beforeEach(() => bench.database.pool.query('truncate quality.quarantined_row'));

/** The pipeline of places is there for that of times, which refers to it. */
const applied: AppliedPipelines = {
  newest: (pipeline) => Promise.resolve(bench.catalog.definitions.get(pipeline)),
  names: () => Promise.resolve(['gtfs_stops']),
};

async function compiled(schema: PublicSchema, version?: string): Promise<Definition> {
  const outcome = await compileDefinition(publicDefinition(schema, version), '/nowhere', inspector, applied);
  if ('problems' in outcome) throw new Error(`${schema} ${version}: ${JSON.stringify(outcome.problems)}`);
  return outcome.definition;
}

/** Publishes the admitted places. Their bronze stands for the model over them, which keeps every row and the column that the check looks at. */
async function publishPlaces(): Promise<void> {
  bench.definition = await compiled('gtfs_stops');
  bench.catalog.definitions.set('gtfs_stops', bench.definition);
  const { result } = await bench.validate([{ name: 'stops.txt', content: publicData('gtfs_stops', 'stops.txt') }]);
  const manifest = result?.bronze && (await bench.lake.readManifest(result.bronze));
  const segments = manifest?.datasets[0]?.segments ?? [];
  bench.catalog.segments.set('gtfs_stops silver.places', segments.map(({ path, sha256, bytes, partitions }) => ({ path, sha256, bytes, partitions: [...partitions], whole: true })));
}

/** What was said, in the form in which it is expected. */
async function outcomeOf({ accounts, rules, checks = [] }: Pick<ValidateResult, 'accounts' | 'rules'> & Partial<Pick<ValidateResult, 'checks'>>): Promise<ExpectedOutcome> {
  const { read = 0, admitted = 0, duplicate = 0, quarantined = 0 } = accounts ?? {};
  const kept = await bench.quarantined();
  const broken = new Set(kept.flatMap((row) => row.rules));
  return {
    accounts: { read, admitted, duplicate, quarantined },
    quarantined: Object.fromEntries(kept.map((row) => [row.line, row.rules])),
    remarks: Object.fromEntries(rules.filter(({ rule }) => !broken.has(rule)).map(({ rule, rows }) => [rule, rows])),
    checks: Object.fromEntries(checks.map(({ check, passed, value }) => [check, [passed, Number((value ?? 0).toFixed(6))]])),
  };
}

const CASES = PUBLIC_SCHEMAS.flatMap((schema) => Object.entries(expectedOutcomes(schema)).flatMap(([file, byVersion]) => Object.entries(byVersion).map(([version, expected]) => [schema, file, version, expected] as const)));
const FILES = CASES.filter(([schema]) => schema !== 'cloudevents');
const RECORDS = CASES.filter(([schema]) => schema === 'cloudevents');

/** The newest contract has no file among the earlier ones. */
async function under(schema: PublicSchema, version: string): Promise<Definition> {
  const newest = await compiled(schema);
  return newest.contract.version === version ? newest : compiled(schema, version);
}

it.each(FILES)('%s: of %s under version %s rows are admitted and refused as was written down by hand', async (schema, file, version, expected) => {
  bench.definition = await under(schema, version);
  const { result, error } = await bench.validate([{ name: file, content: publicData(schema, file) }]);
  expect(error).toBeUndefined();
  expect(result && (await outcomeOf(result))).toEqual(expected);
});

describe.each(RECORDS)('%s: of %s under version %s records are admitted and refused as was written down by hand', (schema, file, version, expected) => {
  const records = publicData(schema, file).toString('utf8').trimEnd().split('\n').map((value): TestRecord => ({ value }));

  it('in a run over their archive', async () => {
    bench.definition = await under(schema, version);
    const { result, error } = await bench.validateRaw('archive', await stageLog(bench, records));
    expect(error).toBeUndefined();
    expect(result && (await outcomeOf(result))).toEqual(expected);
  });

  it('in a micro-batch, whose checks wait for more of them', async () => {
    bench.definition = await under(schema, version);
    expect(await outcomeOf(await sendBatch(bench, records))).toEqual({ ...expected, checks: {} });
  });
});

it('cloudevents: extension attributes stand beside the event that has them', async () => {
  bench.definition = await compiled('cloudevents');
  const records = publicData('cloudevents', 'events.1.0.ndjson').toString('utf8').trimEnd().split('\n').map((value): TestRecord => ({ value }));
  const { result } = await bench.validateRaw('archive', await stageLog(bench, records));
  const rows = await bench.rowsOf(result?.bronze, "id, _weir_extra->>'sequence' as sequence, _weir_extra->>'sampledrate' as rate, list_sort(json_keys(_weir_extra)) as names");
  expect(rows.filter(({ names }) => names !== null)).toEqual([
    { id: '8', sequence: '0001', rate: '30', names: ['sampledrate', 'sequence', 'traceparent'] },
    { id: '43', sequence: null, rate: null, names: ['Comment'] },
  ]);
});

it('taxi_trips: a file of 2015 has coordinates in place of zones, which its rows cannot be without', async () => {
  bench.definition = await compiled('taxi_trips');
  const { result, error } = await bench.validate([{ name: 'trips.2015-01.csv', content: publicData('taxi_trips', 'trips.2015-01.csv') }]);
  expect({ result, code: error?.code, place: error?.place }).toEqual({ result: undefined, code: 'HEADER_MISMATCH', place: 'trips.2015-01.csv:1' });
  for (const column of ['PULocationID', 'DOLocationID']) expect(error?.message).toContain(column);
});
