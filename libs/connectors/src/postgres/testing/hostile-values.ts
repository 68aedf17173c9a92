import type { mulberry32 } from '@weir/testkit';

type Random = ReturnType<typeof mulberry32>;

/** A type of Postgres and what is written into a column of it, as text. */
export interface HostileType {
  readonly type: string;
  readonly value: (random: Random) => string;
}

/** Types that tests make for themselves, in the schema `shop`. */
export const OWN_TYPES = `create type shop.mood as enum ('so so', 'a "quoted", one', 'Ärger'); create domain shop.percent as numeric(5,2) check (value between 0 and 100);
  create type shop.place as (name text, spot point, tags text[])`;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random() % values.length] as T;
}

const CHARACTERS = ['"', "'", ',', '\n', '\r', '\\', '\\.', '\\N', 'NULL', '', ' ', '\t', '\u0001', '\uFEFF', 'é', 'é', '漢', '😀', '‮', ';', '{', '}', '(', '%s', '$1', '--', 'x', '0'];

/** Text that breaks what takes quotes, line ends and encodings for granted. */
export function hostileText(random: Random): string {
  return Array.from({ length: random() % 8 }, () => pick(random, CHARACTERS)).join('');
}

function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => String(random() % 10)).join('');
}

function among(...values: string[]): (random: Random) => string {
  return (random) => pick(random, values);
}

/** Literals of arrays and rows quote their texts themselves. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

function instant(random: Random): string {
  const time = `${String(random() % 24).padStart(2, '0')}:${String(random() % 60).padStart(2, '0')}:${String(random() % 60).padStart(2, '0')}.${digits(random, random() % 7) || '0'}`;
  return `${String(1000 + (random() % 8999))}-${String(1 + (random() % 12)).padStart(2, '0')}-${String(1 + (random() % 28)).padStart(2, '0')} ${time}`;
}

const EXTREME_TIMES = ['infinity', '-infinity', '0001-01-01 00:00:00', '4713-01-02 00:00:00 BC', '0044-03-15 12:00:00 BC', '294275-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999', '1970-01-01 00:00:00', '1883-11-18 12:03:58'];
const time = (random: Random): string => (random() % 3 === 0 ? pick(random, EXTREME_TIMES) : instant(random));
const day = (random: Random): string => time(random).replace(/ [0-9:.]+/, '');
const whole = (random: Random): string => String((random() % 2_000_001) - 1_000_000);

/** Every kind of type that Postgres itself has. */
export const HOSTILE_TYPES: readonly HostileType[] = [
  { type: 'smallint', value: among('-32768', '32767', '0') },
  { type: 'integer', value: among('-2147483648', '2147483647', '-1') },
  { type: 'bigint', value: among('-9223372036854775808', '9223372036854775807', '9007199254740993') },
  { type: 'numeric', value: (random) => pick(random, ['NaN', '0.00000000000000000001', `-${digits(random, 60)}.${digits(random, 30)}`, '1e100']) },
  { type: 'numeric(38,10)', value: (random) => `${digits(random, 28)}.${digits(random, 10)}` },
  { type: 'numeric(12,2)', value: among('-9999999999.99', '0.10', '100') },
  { type: 'real', value: among('3.4028235e38', '1e-45', 'NaN', '-Infinity', '0.1', '16777217') },
  { type: 'double precision', value: among('1.7976931348623157e308', '5e-324', 'NaN', 'Infinity', '-0', '0.1', '0.30000000000000004', '123456789012345680') },
  { type: 'text', value: hostileText },
  { type: 'varchar(40)', value: (random) => hostileText(random).slice(0, 20) },
  { type: 'char(60)', value: hostileText },
  { type: 'boolean', value: among('true', 'false') },
  { type: 'date', value: day },
  { type: 'timestamp', value: time },
  { type: 'timestamp(3)', value: (random) => instant(random) },
  { type: 'timestamptz', value: (random) => `${instant(random)}${pick(random, ['+00', '-03:30', '+05:45', ' Europe/Berlin', ' America/New_York'])}` },
  { type: 'time', value: among('00:00:00', '23:59:59.999999', '24:00:00') },
  { type: 'timetz', value: among('00:00:00+00', '23:59:59.999999-12', '12:00:00+05:45') },
  { type: 'interval', value: among('1 year 2 months 3 days 04:05:06.789', '-1 day +00:00:01', '-00:00:00.000001', '178000000 years', '0') },
  { type: 'uuid', value: (random) => `${digits(random, 8)}-0000-4000-8000-${digits(random, 12)}` },
  { type: 'bytea', value: (random) => `\\x${digits(random, 2 * (random() % 20))}` },
  { type: 'json', value: (random) => ` { "a" : ${JSON.stringify(hostileText(random))}, "a": [1.0, 1e2]} ` },
  { type: 'jsonb', value: (random) => JSON.stringify({ [`k${hostileText(random)}`]: [1.0, null, hostileText(random)], big: 1 }).replace('1}', '12345678901234567890.10}') },
  { type: 'inet', value: among('10.0.0.1/24', '::ffff:1.2.3.4', '192.168.0.1') },
  { type: 'bit varying', value: among('', '0', '10110') },
  { type: 'point', value: among('(0.1,-1e-300)', '(Infinity,NaN)') },
  { type: 'tsvector', value: among("'it''s':1A 'b':2", "'a':1,16383") },
  { type: '"char"', value: among('x', ',', '"') },
  { type: 'integer[]', value: among('{}', '{1,NULL,-3}', '{{1,2},{3,4}}', '[0:1]={7,8}') },
  { type: 'text[]', value: (random) => `{${quoted(hostileText(random))},NULL,"NULL",${quoted(hostileText(random))}}` },
  { type: 'timestamptz[]', value: (random) => `{"${instant(random)}+02",infinity}` },
  { type: 'bytea[]', value: among('{"\\\\x00ff",NULL}') },
  { type: 'int4range', value: among('empty', '[1,5)', '(,3]', '(,)') },
  { type: 'tstzrange', value: (random) => `["${instant(random)}+03",infinity)` },
  { type: 'numrange', value: among('[1.10,2.200)', '(0,)') },
  { type: 'int8multirange', value: among('{}', '{[1,2),[5,9)}') },
  { type: 'shop.mood', value: among('so so', 'a "quoted", one', 'Ärger') },
  { type: 'shop.percent', value: among('0', '99.99', '100') },
  { type: 'shop.place', value: (random) => `(${quoted(hostileText(random))},"(1,2)",)` },
  { type: 'money', value: (random) => `${whole(random)}.05` },
];
