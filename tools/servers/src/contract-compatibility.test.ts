import { COMPATIBILITY_MODES, contractChanges, versionChanges, type ColumnType, type ContractColumn, type ContractDataset } from '@weir/core';
import { mulberry32 } from '@weir/testkit';
import { askAvro, type AvroAnswer } from './testing/avro';

const TYPES: readonly ColumnType[] = ['VARCHAR', 'BOOLEAN', 'BIGINT', 'DOUBLE', 'DECIMAL(12,2)', 'DECIMAL(14,2)', 'DECIMAL(12,3)', 'DECIMAL(14,3)', 'DECIMAL(38,0)', 'DATE', 'TIMESTAMP'];

/** Whether a column is required, and has a default. */
const STATES = [{ required: true }, { required: false }, { required: true, default: 'x' }, { required: false, default: 'x' }] as const;

const KEYS: readonly (readonly string[])[] = [[], ['a'], ['b'], ['a', 'b'], ['b', 'a'], ['a', 'b', 'c']];

/** All names of columns that any contract here has. */
const NAMES = ['a', 'b', 'c', 'd', 'e'];

function column(name: string, changes: Partial<ContractColumn> = {}): ContractColumn {
  return { name, physicalName: name, type: 'VARCHAR', required: true, ...changes };
}

function dataset(...columns: ContractColumn[]): ContractDataset {
  return { name: 'orders', columns, rules: [], checks: [], order: { by: 'arrival' } };
}

function keyed(key: readonly string[]): ContractDataset {
  return dataset(...['a', 'b', 'c'].map((name) => column(name, key.includes(name) ? { keyPosition: key.indexOf(name) + 1 } : {})));
}

interface Kind {
  readonly name: string;
  readonly before: ContractDataset;
  readonly after: ContractDataset;
}

/** Every ordered pair of different values. */
function pairs<T>(values: readonly T[]): [T, T][] {
  return values.flatMap((from) => values.filter((to) => to !== from).map((to): [T, T] => [from, to]));
}

const text = (state: (typeof STATES)[number]) => JSON.stringify(state);

const KINDS: readonly Kind[] = [
  { name: 'nothing', before: dataset(column('a')), after: dataset(column('a')) },
  { name: 'order of columns', before: dataset(column('a'), column('b', { type: 'BIGINT' })), after: dataset(column('b', { type: 'BIGINT' }), column('a')) },
  { name: 'two columns swap names', before: dataset(column('a'), column('b', { type: 'BIGINT' })), after: dataset(column('b'), column('a', { type: 'BIGINT' })) },
  ...pairs(TYPES).map(([from, to]) => ({ name: `type ${from} to ${to}`, before: dataset(column('a', { type: from })), after: dataset(column('a', { type: to })) })),
  ...pairs(STATES).map(([from, to]) => ({ name: `${text(from)} to ${text(to)}`, before: dataset(column('a', from)), after: dataset(column('a', to)) })),
  ...STATES.flatMap((state) => [
    { name: `added ${text(state)}`, before: dataset(column('a')), after: dataset(column('a'), column('b', state)) },
    { name: `removed ${text(state)}`, before: dataset(column('a'), column('b', state)), after: dataset(column('a')) },
    { name: `renamed ${text(state)}`, before: dataset(column('a', state)), after: dataset(column('b', { ...state, physicalName: 'a' })) },
    { name: `other header ${text(state)}`, before: dataset(column('a', state)), after: dataset(column('a', { ...state, physicalName: 'A A' })) },
    { name: `other type and header ${text(state)}`, before: dataset(column('a', { ...state, type: 'BIGINT' })), after: dataset(column('a', { ...state, type: 'DOUBLE', physicalName: 'A' })) },
    { name: `wider and optional ${text(state)}`, before: dataset(column('a', { ...state, type: 'BIGINT' })), after: dataset(column('a', { type: 'DOUBLE', required: false })) },
    { name: `narrower and required ${text(state)}`, before: dataset(column('a', { ...state, type: 'DOUBLE' })), after: dataset(column('a', { type: 'BIGINT' })) },
  ]),
  ...pairs(KEYS).map(([from, to]) => ({ name: `key (${from}) to (${to})`, before: keyed(from), after: keyed(to) })),
  ...pairs([undefined, '%Y-%m-%d', '%d/%m/%Y', '%m/%d/%Y']).map(([from, to]) => ({ name: `format of a date ${from} to ${to}`, before: dataset(column('a', { type: 'DATE', format: from })), after: dataset(column('a', { type: 'DATE', format: to })) })),
  ...pairs([undefined, '%d/%m/%Y %H:%M']).map(([from, to]) => ({ name: `format of a time ${from} to ${to}`, before: dataset(column('a', { type: 'TIMESTAMP', format: from })), after: dataset(column('a', { type: 'TIMESTAMP', format: to })) })),
];

/** Contracts that follow each other, each with up to two changes of the one before. */
function randomChain(seed: number): ContractDataset[] {
  const next = mulberry32(seed);
  const below = (limit: number): number => next() % limit;
  const pick = <T>(values: readonly [T, ...T[]] | readonly T[]): T => values[below(values.length)] as T;
  const fresh = (name: string) => column(name, { type: pick(TYPES), ...pick(STATES) });
  const mutate = (columns: readonly ContractColumn[]): ContractColumn[] => {
    const chosen = pick(columns);
    const replaced = (changes: Partial<ContractColumn>) => columns.map((one) => (one === chosen ? { ...one, ...changes } : one));
    const free = NAMES.filter((name) => columns.every((one) => one.name !== name));
    const moves = [
      () => (free.length > 0 ? [...columns, fresh(pick(free))] : [...columns]),
      () => (columns.length > 1 ? columns.filter((one) => one !== chosen) : [...columns]),
      () => replaced({ type: pick(TYPES) }),
      () => replaced({ required: chosen.keyPosition !== undefined || below(2) === 0 }),
      () => replaced({ default: below(2) === 0 ? 'x' : undefined }),
      () => replaced({ physicalName: pick(['A A', chosen.name]) }),
      () => replaced(chosen.keyPosition === undefined ? { keyPosition: NAMES.indexOf(chosen.name) + 1, required: true } : { keyPosition: undefined }),
    ];
    return pick(moves)();
  };
  let columns = NAMES.slice(0, 1 + below(4)).map(fresh);
  const chain = [dataset(...columns)];
  for (let length = 2 + below(4); length > 0; length -= 1) {
    for (let changes = below(3); changes > 0; changes -= 1) columns = mutate(columns);
    chain.push(dataset(...columns));
  }
  return chain;
}

/** What our law says of the same chain. */
function ourAnswer(chain: readonly ContractDataset[]): AvroAnswer & { readonly NONE: boolean } {
  const [after, before] = [chain.at(-1), chain.at(-2)];
  if (!after || !before) throw new Error('A chain has two contracts at least.');
  const earlier = chain.slice(0, -1).map((one, index) => ({ version: index + 1, dataset: one }));
  const modes = COMPATIBILITY_MODES.map((compatibility) => [compatibility, versionChanges(earlier, { ...after, compatibility }).every(({ breaking }) => !breaking)]);
  const changes = contractChanges(before, after);
  return Object.fromEntries([...modes, ...(['backward', 'forward'] as const).map((direction) => [direction, changes.every(({ breaks }) => !breaks.includes(direction))])]) as AvroAnswer & { NONE: boolean };
}

describe("a contract's compatibility", () => {
  let answers: { name: string; chain: readonly ContractDataset[]; avro: AvroAnswer }[] = [];
  beforeAll(async () => {
    // Each kind between two versions, after the version that it goes to, and after one that has nothing in common with either.
    const other = dataset(column('e', { type: 'BOOLEAN' }));
    const chains = [
      ...KINDS.flatMap(({ name, before, after }) => [[before, after], [after, before, after], [other, before, after], [other, after, before, after]].map((chain) => ({ name, chain }))),
      ...Array.from({ length: 2_000 }, (_, seed) => ({ name: `random ${seed}`, chain: randomChain(seed) })),
    ];
    const avro = await askAvro(chains.map(({ chain }) => chain), NAMES, () => undefined);
    answers = chains.map((one, index) => ({ ...one, avro: avro[index] as AvroAnswer }));
  }, 120_000);

  test('agrees in every mode with Apache Avro, over every kind of change and chains of versions', () => {
    expect(new Set(KINDS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
    const wrong = answers.flatMap(({ name, chain, avro }) => {
      const { NONE: none, ...ours } = ourAnswer(chain);
      return none && JSON.stringify(sorted(ours)) === JSON.stringify(sorted(avro)) ? [] : [{ name, ours, avro }];
    });
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(wrong).toHaveLength(0);
  });

  // Else agreement would say little: a law that refuses everything must not pass.
  test.each(['BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'] as const)('of mode %s is asked about many chains that Avro takes, and many that it refuses', (mode) => {
    const taken = answers.filter(({ avro }) => avro[mode]).length;
    expect(taken).toBeGreaterThan(200);
    expect(answers.length - taken).toBeGreaterThan(200);
  });

  test('is asked about chains in which older versions alone make the difference', () => {
    for (const mode of ['BACKWARD', 'FORWARD', 'FULL'] as const) expect(answers.filter(({ avro }) => avro[mode] && !avro[`${mode}_TRANSITIVE`]).length).toBeGreaterThan(20);
  });
});

function sorted(answer: Readonly<Record<string, boolean>>): [string, boolean][] {
  return Object.entries(answer).sort(([a], [b]) => (a < b ? -1 : 1));
}
