import { clicks, column, rowsIn, sendBatch, type TestRecord } from './testing/records';
import { stageLog } from './testing/segments';
import { Workbench } from './testing/workbench';

/** Logs that are tried; each is another seed. */
const LOGS = 24;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());
beforeEach(() => bench.database.pool.query('truncate quality.quarantined_row'));

const dataset = {
  columns: [column('id', 'VARCHAR', { keyPosition: 1 }), column('n', 'BIGINT', { required: true }), column('seq', 'BIGINT'), column('op', 'VARCHAR')],
  rules: [{ id: 'small', severity: 'critical', type: 'accuracy', predicate: 'n < 100', description: 'n is below 100' }],
  deletes: "op = 'd'",
} as const;

interface Event extends TestRecord {
  readonly partition: number;
  readonly offset: number;
  readonly grain: string;
}

/** What a record comes to. */
type Verdict = { readonly rules: readonly string[] } | { readonly key: string; readonly n: string | null; readonly seq: number | null; readonly deleted: boolean };

/** The rules of the contract above, in words of JavaScript. */
function judge({ value, key }: Event): Verdict {
  if (value === null) return key === null || key === undefined ? { rules: ['required:id'] } : { key: String(key), n: null, seq: null, deleted: true };
  if (Buffer.isBuffer(value)) return { rules: ['invalid_utf8'] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return { rules: ['undecodable'] };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { rules: ['undecodable'] };
  const { id, n, seq, op } = parsed as { id?: string; n?: number | string; seq?: number; op?: string };
  const deleted = op === 'd';
  const whole = typeof n === 'number' || (typeof n === 'string' && /^-?\d+$/.test(n));
  const rules = [
    ...(id === undefined ? ['missing:id'] : []),
    ...(n === undefined && !deleted ? ['missing:n'] : []),
    ...(n !== undefined && !whole ? ['type:n'] : []),
    ...(whole && Number(n) >= 100 && !deleted ? ['small'] : []),
  ];
  return rules.length > 0 ? { rules } : { key: id ?? '', n: n === undefined ? null : String(Number(n)), seq: seq ?? null, deleted };
}

class Dice {
  constructor(private state: number) {}

  /** From 0, below `sides`. */
  roll(sides: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * sides);
  }
}

/** Events on few keys: late ones, repeated ones, deletes of both kinds, and bad ones of every kind; each sequence belongs to one event. */
function randomLog(dice: Dice): Event[] {
  const events: Event[] = [];
  const said: string[] = [];
  const used = new Set<number>();
  const next = [0, 0, 0];
  for (let n = 0, count = 20 + dice.roll(150); n < count; n++) {
    const partition = dice.roll(3);
    const id = `k${dice.roll(12)}`;
    const late = 1_000 + n - dice.roll(30);
    const seq = used.has(late) ? 100_000 + n : late;
    used.add(seq);
    const fresh = JSON.stringify({ id, n: dice.roll(99), seq, op: 'u' });
    const kinds: (() => Pick<Event, 'value' | 'key'>)[] = [
      () => ({ value: said[dice.roll(said.length)] ?? fresh }),
      () => ({ value: fresh.replace('"u"', '"d"') }),
      () => ({ value: null, key: id }),
      () => ({ value: null }),
      () => ({ value: fresh.slice(0, -1) }),
      () => ({ value: Buffer.from([0x7b, 0xff, 0x7d]) }),
      () => ({ value: fresh.replace(/"n":\d+/, `"n":${100 + dice.roll(5)}`) }),
      () => ({ value: fresh.replace(/"n":\d+/, '"n":"many"') }),
      () => ({ value: fresh.replace(/"n":\d+,/, '') }),
      () => ({ value: '[]' }),
    ];
    const what = dice.roll(3) > 0 ? { value: fresh } : (kinds[dice.roll(kinds.length)]?.() ?? { value: fresh });
    if (what.value === fresh) said.push(fresh);
    // A gap now and then, as compaction leaves them.
    const offset = (next[partition] ?? 0) + (dice.roll(10) === 0 ? 3 : 0);
    next[partition] = offset + 1;
    events.push({ ...what, partition, offset, grain: `g${Math.floor(offset / 17)}` });
  }
  return events;
}

/** Cuts a log into micro-batches: each takes what some partitions have next. */
function cut(events: readonly Event[], dice: Dice): Event[][] {
  const waiting = [0, 1, 2].map((partition) => events.filter((event) => event.partition === partition));
  const batches: Event[][] = [];
  while (waiting.some((left) => left.length > 0)) {
    const batch = waiting.flatMap((left) => left.splice(0, dice.roll(12)));
    if (batch.length > 0) batches.push(batch);
  }
  return batches;
}

type Row = Readonly<Record<string, unknown>>;

/** The winner of each key among rows, by what the rows themselves say. */
function winners(rows: readonly Row[], bySequence: boolean): Map<string, string> {
  const place = (row: Row): number[] => String(row['_weir_position']).split(':').slice(1).map(Number);
  const rank = (row: Row): (number | string)[] => (bySequence ? [row['seq'] === null ? Number.NEGATIVE_INFINITY : Number(row['seq']), String(row['_weir_row_id'])] : place(row));
  const best = new Map<string, Row>();
  for (const row of rows) {
    const other = best.get(String(row['id']));
    if (!other || isGreater(rank(row), rank(other))) best.set(String(row['id']), row);
  }
  return new Map([...best].map(([key, row]) => [key, shown(row['n'], row['seq'], String(row['_weir_deleted']) === 'true')]));
}

function isGreater(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  const at = a.findIndex((value, n) => value !== b[n]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}

const shown = (n: unknown, seq: unknown, deleted: boolean): string => `${String(n)} ${String(seq)} ${deleted ? 'deleted' : 'there'}`;

/** The same from the events alone. */
function expectedWinners(events: readonly Event[], bySequence: boolean): Map<string, string> {
  const best = new Map<string, { rank: readonly number[]; shown: string }>();
  for (const event of events) {
    const verdict = judge(event);
    if ('rules' in verdict) continue;
    const rank = bySequence ? [verdict.seq ?? Number.NEGATIVE_INFINITY] : [event.partition, event.offset];
    const other = best.get(verdict.key);
    if (!other || isGreater(rank, other.rank)) best.set(verdict.key, { rank, shown: shown(verdict.n, verdict.seq, verdict.deleted) });
  }
  return new Map([...best].map(([key, winner]) => [key, winner.shown]));
}

const sorted = (map: ReadonlyMap<string, string>): string[] => [...map].map(([key, value]) => `${key}: ${value}`).sort();

async function refused(): Promise<string[]> {
  const { rows } = await bench.database.pool.query<{ refused: string }>("select file || ':' || line || ' ' || array_to_string(rules, ' ') as refused from quality.quarantined_row order by 1");
  return rows.map((row) => row.refused).sort();
}

describe.each(['sequence', 'arrival'] as const)('random logs whose winner is by %s', (order) => {
  it.each(Array.from({ length: LOGS / 2 }, (_, n) => n))('give the same in micro-batches, in one run over the archive, and by the rules: log %d', async (seed) => {
    const dice = new Dice(seed * 7_919 + 1);
    const bySequence = order === 'sequence';
    bench.definition = clicks({ ...dataset, order: bySequence ? { by: 'sequence', column: 'seq' } : { by: 'arrival' } });
    const events = randomLog(dice);
    const expected = { winners: sorted(expectedWinners(events, bySequence)), refused: events.flatMap((event) => (((verdict) => ('rules' in verdict ? [`clicks:${event.partition}:${event.offset} ${verdict.rules.join(' ')}`] : []))(judge(event)))).sort() };

    const streamed: Row[] = [];
    let quarantined = 0;
    for (const batch of cut(events, dice)) {
      const response = await sendBatch(bench, batch);
      streamed.push(...rowsIn(response));
      quarantined += response.accounts?.quarantined ?? 0;
    }
    expect({ winners: sorted(winners(streamed, bySequence)), refused: await refused() }).toEqual(expected);
    expect(quarantined).toBe(expected.refused.length);

    await bench.database.pool.query('truncate quality.quarantined_row');
    const { result } = await bench.validateRaw(`log-${order}-${seed}`, await stageLog(bench, events, 5 + dice.roll(40)));
    const rows = await bench.rowsOf(result?.bronze, 'id, n, seq, _weir_row_id, _weir_position, _weir_deleted');
    expect({ winners: sorted(winners(rows, bySequence)), refused: await refused() }).toEqual(expected);
    expect(result?.accounts).toMatchObject({ read: events.length, quarantined: expected.refused.length });
  });
});

test.each([[undefined, [null]], ['keep', ['', null]]] as const)('empty text is the same in a stream as in a run over its archive, where the source says of it: %s', async (emptyText, notes) => {
  bench.definition = clicks({ columns: [column('id', 'VARCHAR'), column('note', 'VARCHAR')] }, { emptyText });
  const records = ['{"id":"a","note":""}', '{"id":"a","note":null}', '{"id":"a"}'].map((value, offset) => ({ value, partition: 0, offset, grain: 'all' }));
  const streamed = rowsIn(await sendBatch(bench, records));
  expect(streamed.map(({ note, _weir_position: at }) => [note, at])).toEqual(notes.map((note, at) => [note, `clicks:0:${at}`]));
  const { result } = await bench.validateRaw(`empty-${emptyText}`, await stageLog(bench, records));
  const names = ['id', 'note', '_weir_row_id', '_weir_position'];
  const picked = streamed.map((row) => Object.fromEntries(names.map((name) => [name, row[name]])));
  expect(await bench.rowsOf(result?.bronze, names.join())).toEqual(picked);
});
