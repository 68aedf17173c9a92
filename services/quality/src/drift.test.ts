import { DRIFT_KINDS, DRIFT_POLICIES, type ContractColumn, type DriftPolicies } from '@weir/core';
import { RuleOutcome, Severity, type RuleCount } from '@weir/rpc';
import fc from 'fast-check';
import { clicks, column, rowsIn, sendBatch } from './testing/records';
import { stageLog } from './testing/segments';
import { retail, Workbench } from './testing/workbench';

/** CI takes 60 contracts of each kind of source; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 60);

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

/** A value as data has it; undefined where the column is not there. */
type Text = string | null | undefined;
type Data = Readonly<Record<string, Text>>;

/** What a person who reads docs/contracts.md says becomes of a row. */
type Fate = 'frozen' | 'quarantined' | 'filtered' | { readonly row: Record<string, string | null>; readonly extra: Record<string, string | null> };

const FITS: Readonly<Record<string, RegExp>> = { BIGINT: /^-?\d+$/, 'DECIMAL(8,2)': /^-?\d+(\.\d\d?)?$/, VARCHAR: /^/ };

/** One row at a time, one step after the other: what is missing, what is of another type, what is null. */
function fateOf(data: Data, columns: readonly ContractColumn[], policies: DriftPolicies): Fate {
  const reached = new Set<string>();
  const row: Record<string, string | null> = {};
  const extra: Record<string, string | null> = {};
  for (const name of Object.keys(data).filter((each) => data[each] !== undefined && columns.every(({ physicalName }) => physicalName !== each))) {
    reached.add(policies.newColumn);
    if (policies.newColumn === 'evolve') extra[name] = data[name] ?? null;
  }
  for (const each of columns) {
    const key = each.keyPosition !== undefined;
    const stated = each.default === undefined || key ? undefined : String(each.default);
    const text = data[each.physicalName];
    let value = text === '' ? null : (text ?? null);
    let without = value === null && text !== undefined;
    if (text === undefined) {
      const policy = policies.missingColumn;
      const goesOn = policy === 'evolve' || policy === 'discard_value';
      // A record may leave out what may be null anyway, if nobody says what is done then.
      if (!goesOn) reached.add(policy);
      else if (stated !== undefined) value = stated;
      else without = true;
    } else if (value !== null && !FITS[each.type]?.test(value)) {
      const policy = policies.changedType;
      if (policy === 'evolve') extra[each.physicalName] = value;
      value = null;
      if (policy === 'evolve') without = true;
      else if (policy !== 'discard_value') reached.add(policy);
      else if (stated !== undefined) value = stated;
      else without = true;
    }
    if (without && (each.required || key)) {
      const policy = policies.nullability;
      if (policy === 'discard_value' && stated !== undefined) value = stated;
      else if (policy === 'discard_value' || (policy === 'evolve' && key)) reached.add('quarantine');
      else reached.add(policy);
    }
    row[each.name] = value;
  }
  if (reached.has('freeze')) return 'frozen';
  if (reached.has('quarantine')) return 'quarantined';
  return reached.has('discard_row') ? 'filtered' : { row, extra };
}

const policies: fc.Arbitrary<DriftPolicies> = fc.record(Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, fc.constantFrom(...DRIFT_POLICIES)])) as Record<keyof DriftPolicies, fc.Arbitrary<DriftPolicies[keyof DriftPolicies]>>);

const contracts = fc
  .record({ keyed: fc.boolean(), required: fc.tuple(fc.boolean(), fc.boolean()), defaults: fc.tuple(fc.boolean(), fc.boolean()), policies })
  .map(({ keyed, required, defaults, policies: drift }) => ({
    drift,
    columns: [
      column('id', 'BIGINT', keyed ? { keyPosition: 1, required: true } : { required: true }),
      column('amount', 'DECIMAL(8,2)', { physicalName: 'Amount €', required: required[0], ...(defaults[0] ? { default: 7.5 } : {}) }),
      column('note', 'VARCHAR', { required: required[1], ...(defaults[1] ? { default: 'none' } : {}) }),
    ],
  }));

/** Rows differ by `mark`, which the contract does not know, or by their key, so that none is a duplicate. */
const value = (good: fc.Arbitrary<string>, bad: string): fc.Arbitrary<Text> => fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: fc.constantFrom<Text>(bad, null, undefined, '') });
const rows = fc.array(fc.record({ amount: value(fc.constantFrom('1.50', '-2', '0.1'), 'much'), note: value(fc.constantFrom('a', 'b'), 'c'), fresh: value(fc.constantFrom('x', '"y"\\'), 'z') }), { minLength: 1, maxLength: 8 });

const decimal = (text: string | null): string | null => (text === null ? null : Number(text).toFixed(2));
const told = ({ row, extra }: Exclude<Fate, string>): Record<string, unknown> => ({ ...row, amount: decimal(row['amount'] ?? null), extra: Object.keys(extra).length === 0 ? null : Object.fromEntries(Object.entries(extra)) });
const kept = (fates: readonly Fate[]): Record<string, unknown>[] => fates.flatMap((fate) => (typeof fate === 'string' ? [] : [told(fate)]));
const count = (fates: readonly Fate[], fate: Fate): number => fates.filter((each) => each === fate).length;

async function bronze(set: Parameters<Workbench['rowsOf']>[0], keepsExtra: boolean): Promise<unknown[]> {
  const found = await bench.rowsOf(set, `id::VARCHAR as id, amount::VARCHAR as amount, note, ${keepsExtra ? '_weir_extra' : 'null'} as extra, _weir_position as place`);
  const sorted = found.toSorted((a, b) => String(a['place']).localeCompare(String(b['place']), 'en', { numeric: true }));
  return sorted.map(({ id, amount, note, extra }) => ({ id, amount, note, extra: typeof extra === 'string' ? (JSON.parse(extra) as unknown) : null }));
}

const ruleTexts = (rules: readonly RuleCount[]): string[] => rules.map(({ rule, rows: found, severity, outcome }) => `${rule} ${found} ${severity} ${outcome}`).sort((a, b) => (a < b ? -1 : 1));

const noLimit = { share: 1, minRows: 1_000 };

test('records of a topic that are not as their contract says fare as it says, in a run and in a micro-batch', async () => {
  await fc.assert(
    fc.asyncProperty(contracts, rows, fc.boolean(), async ({ columns, drift }, data, wrongKey) => {
      const records = data.map(({ amount, note, fresh }, n): Data => ({ id: wrongKey && n === 0 ? 'one' : String(n), 'Amount €': amount, note, 'new/~"field': fresh }));
      const base = clicks({ columns, drift });
      bench.definition = { ...base, policy: { ...base.policy, failAbove: noLimit } };
      const values = records.map((record) => ({ value: JSON.stringify(record) }));
      const fates = records.map((record) => fateOf(record, columns, drift));
      const accounts = { read: fates.length, admitted: kept(fates).length, duplicate: 0, quarantined: count(fates, 'quarantined'), filtered: count(fates, 'filtered') };
      const { result, error } = await bench.validateRaw('run', await stageLog(bench, values, 3));
      const batch = sendBatch(bench, values);
      if (fates.includes('frozen')) {
        expect(error).toMatchObject({ code: 'CONTRACT_FROZEN', place: `clicks:0:${fates.indexOf('frozen')}` });
        await expect(batch).rejects.toMatchObject({ code: 'CONTRACT_FROZEN', place: `clicks:0:${fates.indexOf('frozen')}` });
        return;
      }
      expect(error).toBeUndefined();
      expect(result?.accounts).toEqual(accounts);
      expect(await bronze(result?.bronze, drift.newColumn === 'evolve' || drift.changedType === 'evolve')).toEqual(kept(fates));
      const answer = await batch;
      expect(answer.accounts).toEqual(accounts);
      expect(rowsIn(answer).map(({ id, amount, note }) => ({ id, amount, note }))).toEqual(kept(fates).map(({ id, amount, note }) => ({ id, amount, note })));
      expect(ruleTexts(answer.rules)).toEqual(ruleTexts(result?.rules ?? []));
    }),
    { numRuns: RUNS },
  );
});

test('files whose header or rows are not as their contract says fare as it says', async () => {
  await fc.assert(
    fc.asyncProperty(contracts, rows, fc.record({ amount: fc.boolean(), note: fc.boolean(), fresh: fc.boolean() }), async ({ columns, drift }, data, has) => {
      const header = ['id', ...(has.fresh ? ['new "field"'] : []), ...(has.note ? ['note'] : []), ...(has.amount ? ['Amount €'] : [])];
      const present = (there: boolean, text: Text): Text => (there ? (text ?? '') : undefined);
      const records = data.map(({ amount, note, fresh }, n): Data => ({ id: String(n), 'Amount €': present(has.amount, amount), note: present(has.note, note), 'new "field"': present(has.fresh, fresh === '' ? null : fresh) }));
      const quoted = (text: Text): string => `"${(text ?? '').replaceAll('"', '""')}"`;
      const content = [header, ...records.map((record) => header.map((name) => record[name]))].map((fields) => fields.map(quoted).join(',')).join('\n');
      bench.definition = retail({ dataset: { columns, drift, rules: [], checks: [] }, failAbove: noLimit });
      // An empty field of a file is null, of a new column too.
      const fates = records.map((record) => fateOf({ ...record, ...(has.fresh ? { 'new "field"': record['new "field"'] || null } : {}) }, columns, drift));
      const { result, error } = await bench.validate([{ name: 'a.csv', content: `${content}\n` }]);
      const missing = columns.filter(({ physicalName }) => !header.includes(physicalName));
      const alone = (each: ContractColumn): Fate => fateOf({ id: '1', 'Amount €': '1', note: 'a', [each.physicalName]: undefined }, columns, drift);
      if (['evolve', 'discard_value'].includes(drift.missingColumn) && missing.some((each) => typeof alone(each) === 'string')) expect(error).toMatchObject({ code: 'HEADER_MISMATCH', place: 'a.csv:1' });
      else if ((drift.newColumn === 'freeze' && has.fresh) || (drift.missingColumn === 'freeze' && missing.length > 0)) expect(error).toMatchObject({ code: 'CONTRACT_FROZEN', place: 'a.csv:1' });
      else if (fates.includes('frozen')) expect(error).toMatchObject({ code: 'CONTRACT_FROZEN', place: `a.csv:${fates.indexOf('frozen') + 2}` });
      else {
        expect(error).toBeUndefined();
        expect(result?.accounts).toEqual({ read: fates.length, admitted: kept(fates).length, duplicate: 0, quarantined: count(fates, 'quarantined'), filtered: count(fates, 'filtered') });
        expect(await bronze(result?.bronze, drift.newColumn === 'evolve' || drift.changedType === 'evolve')).toEqual(kept(fates));
      }
    }),
    { numRuns: RUNS },
  );
});

describe('what is told of it', () => {
  const columns = [column('id', 'BIGINT', { required: true, keyPosition: 1 }), column('channel', 'VARCHAR', { default: 'shop' })];

  it('names new columns, with their rows and what becomes of them', async () => {
    bench.definition = clicks({ columns });
    const answer = await sendBatch(bench, ['{"id":1,"channel":"web","device":"tv"}', '{"id":2,"device":null,"os":1}', '{"id":3}'].map((text) => ({ value: text })));
    expect(answer.rules).toEqual([
      { rule: 'missing:channel', rows: 2, samples: ['clicks:0:1: channel is missing; the contract\'s default "shop" stands there.', 'clicks:0:2: channel is missing; the contract\'s default "shop" stands there.'], severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
      { rule: 'new_column:device', rows: 2, samples: ['clicks:0:0', 'clicks:0:1'].map((place) => `${place}: The contract does not name the column device; it is kept aside until it does.`), severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
      { rule: 'new_column:os', rows: 1, samples: ['clicks:0:0', 'clicks:0:1'].map((place) => `${place}: The contract does not name the column os; it is kept aside until it does.`), severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
    ]);
  });

  it('says what a rule does with its rows', async () => {
    bench.definition = clicks({ columns: [column('id', 'BIGINT', { required: true, keyPosition: 1 }), column('n', 'BIGINT'), column('name', 'VARCHAR', { required: true })], drift: { nullability: 'discard_row' } });
    const answer = await sendBatch(bench, ['{"id":1,"n":"one","name":"a"}', '{"id":2,"name":null}', '{"id":3,"name":"a"}'].map((text) => ({ value: text })));
    expect(answer.rules.map(({ rule, severity, outcome }) => [rule, severity, outcome])).toEqual([
      ['type:n', Severity.CRITICAL, RuleOutcome.QUARANTINE],
      ['required:name', Severity.WARNING, RuleOutcome.DISCARD],
    ]);
  });

  it('of a row that goes to quarantine names its new columns in the reason', async () => {
    bench.definition = clicks({ columns, drift: { newColumn: 'quarantine' } });
    await sendBatch(bench, [{ value: '{"id":1,"channel":"web","device":"tv"}', partition: 9 }], 'named');
    const found = await bench.database.pool.query<{ reason: string }>("select reason from quality.quarantined_row where run_id = 'named'");
    expect(found.rows).toEqual([{ reason: 'The contract does not name the column device.' }]);
  });

  it('of more new columns than twenty counts the most frequent', async () => {
    bench.definition = clicks({ columns });
    const names = Array.from({ length: 30 }, (_, n) => `field_${String(n).padStart(2, '0')}`);
    const answer = await sendBatch(bench, names.map((_, n) => ({ value: JSON.stringify({ id: n, channel: 'a', ...Object.fromEntries(names.slice(0, n + 1).map((name) => [name, 1])) }) })));
    expect(answer.rules.map(({ rule, rows: found }) => [rule, found])).toEqual(names.slice(0, 20).map((name, n) => [`new_column:${name}`, 30 - n]));
  });

  it('of a file is the first place that a frozen contract does not take', async () => {
    bench.definition = retail({ dataset: { columns, rules: [], checks: [], drift: { newColumn: 'freeze' } } });
    const { error } = await bench.validate([{ name: 'a.csv', content: 'id,channel,device,os\n1,web,tv,x\n' }]);
    expect(error?.message).toBe('The header has the new columns `device`, `os`, and the contract of orders is frozen for that.');
  });

  it('of a header that was renamed is what lacks and what is new, also where a file still has the former name: no value is gone without a word', async () => {
    bench.definition = retail({ dataset: { columns: [column('id', 'BIGINT', { required: true }), column('channel', 'VARCHAR', { physicalName: 'Kanal' })], rules: [], checks: [] } });
    const { result } = await bench.validate([{ name: 'former.csv', content: 'id,Channel\n1,web\n2,shop\n' }]);
    expect(ruleTexts(result?.rules ?? [])).toEqual(['missing:channel 2 SEVERITY_WARNING RULE_OUTCOME_NOTE', 'new_column:Channel 2 SEVERITY_WARNING RULE_OUTCOME_NOTE']);
    expect(await bench.rowsOf(result?.bronze, 'channel, _weir_extra as extra')).toEqual([{ channel: null, extra: '{"Channel":"web"}' }, { channel: null, extra: '{"Channel":"shop"}' }]);
  });

  it('of a file that has nothing of the contract is that it is another file', async () => {
    bench.definition = retail({ dataset: { columns: [column('a', 'VARCHAR'), column('b', 'VARCHAR')], rules: [], checks: [] } });
    const { error } = await bench.validate([{ name: 'a.csv', content: 'a;b\n1;2\n' }]);
    expect(error).toMatchObject({ code: 'HEADER_MISMATCH', message: 'The header does not have columns `a`, `b` and has the unknown column `a;b`.' });
  });
});
