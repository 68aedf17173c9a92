import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CONTRACT_FILE, insertQuality, parseContract, type Proposal } from '@weir/core';
import { odcsPackage } from '@weir/servers';
import { mulberry32, PUBLIC_SCHEMAS, publicContracts } from '@weir/testkit';
import Ajv2019, { type ValidateFunction } from 'ajv/dist/2019';
import { Command } from 'commander';
import { parse } from 'yaml';
import * as init from '../commands/init';

const EXAMPLES = resolve(__dirname, '../../../../examples');

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

let schemas: Readonly<Record<string, ValidateFunction>>;
let official: Readonly<Record<string, string>>;
let keys: readonly string[];
beforeAll(async () => {
  const [earlier, newest] = [await odcsPackage('3.1.2', () => undefined), await odcsPackage('3.2.0', () => undefined)];
  const read = ({ schema }: { readonly schema: string }) => JSON.parse(readFileSync(schema, 'utf8')) as { [key: string]: Json };
  // Formats are texts such as "uri", which the schema itself takes for notes.
  const compiled = (schema: { [key: string]: Json }) => new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  schemas = { 'v3.1.0': compiled(read(earlier)), 'v3.2.0': compiled(read(newest)) };
  official = Object.fromEntries(readdirSync(newest.examples).map((name) => [name, readFileSync(join(newest.examples, name), 'utf8')]));
  keys = [...new Set(propertyNames(read(newest)))];
}, 300_000);

/** Every name that a schema gives properties. */
function propertyNames(schema: Json): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = !Array.isArray(schema) && typeof schema['properties'] === 'object' && schema['properties'] !== null ? Object.keys(schema['properties']) : [];
  return [...own, ...Object.values(schema).flatMap(propertyNames)];
}

/** What the official schema of a contract's own version says against it. */
function faults(contract: Json): string[] {
  const version = (contract as { apiVersion: string }).apiVersion;
  const validate = schemas[version];
  if (!validate) throw new Error(`There is no schema of ${version}.`);
  return validate(contract) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** What we say against it, its first dataset being the source. */
function problems(text: string): string[] {
  // What is no list of datasets is refused for that, whatever the source.
  const { schema } = parse(text) as { schema?: { name?: string }[] | null };
  return parseContract({ path: CONTRACT_FILE, text }, Array.isArray(schema) ? schema[0]?.name : undefined).problems.map(({ code, place, message }) => `${code} ${place} ${message}`);
}

/** The contract that `weir init` writes with these arguments. */
async function generated(...args: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-odcs-'));
  const quiet = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    const program = new Command('weir');
    init.register(program);
    await program.parseAsync(['init', join(folder, 'out'), ...args], { from: 'user' });
    return readFileSync(join(folder, 'out', CONTRACT_FILE), 'utf8');
  } finally {
    quiet.mockRestore();
    rmSync(folder, { recursive: true });
  }
}

describe("the standard's own examples", () => {
  test('are there', () => {
    expect(Object.keys(official).sort()).toEqual(['all-new-fields-v3.2.0.odcs.yaml', 'full-example-v3.2.0.odcs.yaml']);
  });

  test('are read without a word against them, whichever of their datasets is the source', () => {
    for (const [name, text] of Object.entries(official)) {
      for (const { name: source } of (parse(text) as { schema: { name: string; properties?: unknown[] }[] }).schema.filter(({ properties }) => properties)) {
        const { contract, problems: found } = parseContract({ path: name, text }, source);
        expect([source, ...found]).toEqual([source]);
        expect(contract?.datasets.find((dataset) => dataset.name === source)?.columns.every(({ type }) => type !== undefined)).toBe(true);
      }
    }
  });
});

describe('contracts that we accept or write are right by the official JSON Schema', () => {
  test.each(readdirSync(EXAMPLES).map((name) => [name]))('examples/%s', (name) => {
    const text = readFileSync(join(EXAMPLES, name, CONTRACT_FILE), 'utf8');
    expect(problems(text)).toEqual([]);
    expect(faults(parse(text) as Json)).toEqual([]);
  });

  test.each(PUBLIC_SCHEMAS.flatMap((schema) => publicContracts(schema).map(({ path, text }) => [schema, path, text] as const)))('%s/%s', (_schema, _path, text) => {
    expect(problems(text)).toEqual([]);
    expect(faults(parse(text) as Json)).toEqual([]);
  });

  test('what `weir init` writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-odcs-csv-'));
    const file = join(folder, 'all kinds.csv');
    const row = (n: number) => `${n},AT,${n}.5,${n}e3,true,2024-05-0${(n % 9) + 1},2024-05-01 10:00:0${n % 10},"x, ""y"" #${n}",0${n},,31/12/2024`;
    writeFileSync(file, `Order No,Country,Price,Big,Paid,Day,Placed at,"Note: ""quoted"" #1",Zip,Empty,Due\n${Array.from({ length: 30 }, (_, n) => row(n)).join('\n')}\n`);
    try {
      for (const text of [await generated(), await generated('--from', file), await generated('--from', join(EXAMPLES, 'hello/data/orders.csv'))]) {
        expect(problems(text)).toEqual([]);
        expect(faults(parse(text) as Json)).toEqual([]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each(['v3.1.0', 'v3.2.0'])('what `weir datasets suggest` adds, under %s', (version) => {
    const retail = readFileSync(join(EXAMPLES, 'retail', CONTRACT_FILE), 'utf8');
    for (const [text, dataset, column] of [[retail, 'order_lines', 'country'], [retail, 'lines', 'day'], [RICH.replace('physicalType: text', 'logicalType: string'), 'orders', 'customer']] as const) {
      const before = text.replace(/^apiVersion: .*/, `apiVersion: ${version}`);
      const longer = insertQuality({ path: CONTRACT_FILE, text: before }, dataset, proposalsOf(column));
      expect(problems(longer.text)).toEqual([]);
      expect(faults(parse(longer.text) as Json)).toEqual([]);
    }
  });

  // Contracts with one to three things changed at random: most are wrong, and of those that we accept none may be wrong there.
  test('whatever is changed in them', () => {
    // The small ones more often: reading takes most of the time.
    const bases = [...Object.values(official), RICH, RICH, RICH, ...readdirSync(EXAMPLES).map((name) => readFileSync(join(EXAMPLES, name, CONTRACT_FILE), 'utf8'))].map((text) => parse(text) as Json);
    let accepted = 0;
    let refused = 0;
    for (let seed = 0; seed < 2_500; seed += 1) {
      const contract = mutated(bases, seed);
      const text = JSON.stringify(contract);
      if (problems(text).length > 0) refused += 1;
      else {
        accepted += 1;
        expect([text, ...faults(contract)]).toEqual([text]);
      }
    }
    expect(accepted).toBeGreaterThan(400);
    expect(refused).toBeGreaterThan(400);
  });
});

/** One proposal of each kind and threshold, whether or not it fits the column. */
function proposalsOf(column: string): Proposal[] {
  const none = { equal: 0, unit: 'rows' } as const;
  const some = { atMost: 3, unit: 'percent', of: 'values' } as const;
  const one = (measure: Proposal['measure'], threshold: Proposal['threshold']): Proposal => ({ id: `${column}.${measure.kind}`, column, measure, threshold, reason: 'Because.' });
  return [
    one({ kind: 'nullShare', column }, none),
    one({ kind: 'nullShare', column }, { atMost: 31, unit: 'percent' }),
    one({ kind: 'unique', columns: [column] }, none),
    one({ kind: 'range', column, min: -0.5, max: 10 }, some),
    one({ kind: 'set', column, values: ['a', '1', 'true'] }, none),
    one({ kind: 'pattern', column, patterns: ['^[\\w\\.-]+$'] }, none),
    one({ kind: 'pattern', column, patterns: ['@'] }, some),
    one({ kind: 'length', column, min: 4, max: 4 }, none),
    one({ kind: 'freshness', column }, { atMost: 7_200, unit: 'seconds' }),
  ];
}

/** A contract of v3.1 with some of everything that we read. */
const RICH = `apiVersion: v3.1.0
kind: DataContract
id: rich
version: 1.0.0
status: active
schema:
  - name: orders
    id: orders
    logicalType: object
    physicalName: ORDERS
    relationships: [{ from: orders.customer, to: customers.id }]
    customProperties: [{ property: weirOrder, value: arrival }]
    properties:
      - { name: id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, unique: true, logicalTypeOptions: { minimum: 1, format: i64 } }
      - { name: customer, logicalType: string, required: true, logicalTypeOptions: { minLength: 1, maxLength: 20, pattern: "^[a-z]" }, relationships: [{ to: customers.id, type: foreignKey }] }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)", logicalTypeOptions: { exclusiveMinimum: 0, multipleOf: 0.01 }, customProperties: [{ property: weirDefault, value: 0 }] }
      - { name: day, logicalType: date, logicalTypeOptions: { format: dd/MM/yyyy, minimum: "2020-01-01" } }
      - { name: placed_at, logicalType: timestamp, logicalTypeOptions: { defaultTimezone: UTC } }
      - { name: at, logicalType: time }
      - { name: items, logicalType: array, logicalTypeOptions: { minItems: 1, uniqueItems: true }, items: { logicalType: object, properties: [{ name: sku, logicalType: string }] } }
      - { name: address, logicalType: object, logicalTypeOptions: { required: [street] }, properties: [{ name: street, logicalType: string }] }
      - { name: state, physicalType: text, quality: [{ type: library, metric: nullValues, mustBe: 0, unit: rows, severity: warning, dimension: completeness }, { metric: invalidValues, arguments: { validValues: [a, b] }, mustBeLessThan: 1, unit: percent }] }
    quality:
      - { metric: rowCount, mustBeBetween: [1, 1000000] }
      - { type: sql, query: "select count(*) from \${object}", mustBeGreaterThan: 0 }
      - { type: custom, engine: weir, name: positive, implementation: { row: amount > 0 } }
      - { type: text, description: Never late. }
team: [{ username: a, role: Owner }]
slaProperties: [{ property: latency, value: 4, unit: d }]
`;

const VALUES: readonly Json[] = [null, true, false, 0, 1, -1, 2.5, '', 'x', 'a b', 'a.b', 'string', 'integer', 'object', 'array', 'map', 'vector', 'time', 'date', 'number', 'boolean', [], {}, ['x'], ['x', 'x'], [1, 2], [1, 1], [{}], { x: 1 }, 'v3.1.0', 'v3.2.0'];

/** All mappings and lists of a contract but those of servers, whose kinds are others' to know. */
function containers(value: Json): (Json[] | { [key: string]: Json })[] {
  if (typeof value !== 'object' || value === null) return [];
  const children = Array.isArray(value) ? value : Object.entries(value).flatMap(([key, child]) => (key === 'servers' ? [] : [child]));
  return [value, ...children.flatMap(containers)];
}

function mutated(bases: readonly Json[], seed: number): Json {
  const next = mulberry32(seed);
  const below = (limit: number): number => next() % limit;
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const contract = structuredClone(pick(bases));
  for (let changes = 1 + below(3); changes > 0; changes -= 1) {
    const all = containers(contract);
    const target = pick(all);
    // Values of the contract itself are likelier to be right somewhere else than any others.
    const value = structuredClone(below(3) === 0 ? pick(all) : pick([...VALUES, ...all.flatMap((one) => Object.values(one)).filter((one) => typeof one !== 'object')]));
    if (Array.isArray(target)) {
      if (below(2) === 0) target.splice(below(target.length + 1), 1);
      else target.push(value);
    } else {
      const own = Object.keys(target);
      const key = below(3) === 0 || own.length === 0 ? pick(keys) : pick(own);
      if (below(4) === 0) delete target[key];
      else if (key !== 'servers') target[key] = value;
    }
  }
  return contract;
}
