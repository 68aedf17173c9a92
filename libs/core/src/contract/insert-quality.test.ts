import fc from 'fast-check';
import { parse } from 'yaml';
import type { Proposal } from '../check/suggest/settle';
import { insertQuality } from './insert-quality';
import { parseContract } from './parse-contract';

const CONTRACT = `# Kept: all of this.
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: orders   # the source
    properties:
      - { name: id, logicalType: integer, primaryKey: true }
      - name: country
        logicalType:   string
        # above the next column

      - name: amount
        logicalType: number
        quality:
        - metric: nullValues
          mustBe: 0     # none
        description: >
          What it costs,
          in euros.
      - name: mail
        logicalType: string
  - name: totals
    description: |+
      Of the day.

`;

const NONE = { equal: 0, unit: 'rows' } as const;
const PROPOSALS: readonly Proposal[] = [
  { id: 'id.unique', column: 'id', measure: { kind: 'unique', columns: ['id'] }, threshold: NONE, reason: 'All different.' },
  { id: 'country.nullShare', column: 'country', measure: { kind: 'nullShare', column: 'country' }, threshold: { atMost: 31, unit: 'percent' }, reason: 'Some: nulls.' },
  { id: 'country.set', column: 'country', measure: { kind: 'set', column: 'country', values: ['AT', 'no', "D'E", 'é "\n\u0085 #'] }, threshold: NONE, reason: 'Few.' },
  { id: 'amount.range', column: 'amount', measure: { kind: 'range', column: 'amount', min: -0.5, max: 1e21 }, threshold: { atMost: 3, unit: 'percent', of: 'values' }, reason: 'Most.' },
  { id: 'mail.pattern', column: 'mail', measure: { kind: 'pattern', column: 'mail', patterns: ['^[\\w\\.-]+@'] }, threshold: NONE, reason: 'All.' },
  { id: 'mail.length', column: 'mail', measure: { kind: 'length', column: 'mail', min: 5, max: 5 }, threshold: NONE, reason: 'All of 5 characters.' },
];

const file = (text: string) => ({ path: 'contract.odcs.yaml', text });

/** The checks of a dataset by the parser, which knows nothing of proposals. */
function checksOf(text: string, dataset = 'orders') {
  const { contract, problems } = parseContract(file(text), 'orders');
  expect(problems).toEqual([]);
  return contract?.datasets.find(({ name }) => name === dataset)?.checks.map(({ check: { measure, threshold, severity } }) => ({ measure, threshold, severity })) ?? [];
}

const warnings = (proposals: readonly Proposal[]) => proposals.map(({ measure, threshold }) => ({ measure, threshold, severity: 'warning' }));

/** A text without the lines that were added. */
function taken(text: string, insertions: readonly { line: number; lines: readonly string[] }[], end = '\n'): string {
  let left = text;
  for (const { lines } of insertions) {
    const added = lines.map((line) => `${line}${end}`).join('');
    expect(left.split(added)).toHaveLength(2);
    left = left.replace(added, () => '');
  }
  return left;
}

describe('writing rules into a contract', () => {
  test.each(['v3.0.2', 'v3.1.0'])('gives the checks that were proposed, and leaves every other line as it was, under %s', (version) => {
    const before = CONTRACT.replace('v3.1.0', version);
    const { text, insertions } = insertQuality(file(before), 'orders', PROPOSALS);
    const found = checksOf(text);
    expect(found).toHaveLength(PROPOSALS.length + 1);
    expect(found).toEqual(expect.arrayContaining(warnings(PROPOSALS)));
    expect(taken(text, insertions)).toBe(before);
  });

  test('puts each rule at its column, or at the dataset where the column stands on one line', () => {
    const { text } = insertQuality(file(CONTRACT), 'orders', PROPOSALS);
    expect(text).toContain(`        logicalType:   string
        quality:
          - metric: nullValues
            mustBeLessOrEqualTo: 31
            unit: percent
            severity: warning
            description: "Some: nulls."
`);
    expect(text).toContain(`          mustBe: 0     # none
        - type: custom
          engine: weir
          implementation: { check: range, min: -0.5, max: 1e+21, mostly: 0.97 }
`);
    expect((parse(text) as { schema: { quality: unknown }[] }).schema[0]?.quality).toEqual([{ type: 'custom', engine: 'weir', implementation: { check: 'unique', columns: ['id'] }, severity: 'warning', description: 'All different.' }]);
  });

  test('of a model that the contract does not name yet, or names without columns', () => {
    const proposals: Proposal[] = [{ id: 'n.nullShare', column: 'n', measure: { kind: 'nullShare', column: 'n' }, threshold: { atMost: 2, unit: 'percent' }, reason: 'Few.' }, { id: 'at.freshness', column: 'at', measure: { kind: 'freshness', column: 'at' }, threshold: { atMost: 7_200, unit: 'seconds' }, reason: 'Young.' }];
    for (const dataset of ['totals', 'others']) {
      const { text, insertions } = insertQuality(file(CONTRACT), dataset, proposals);
      expect(checksOf(text, dataset)).toEqual(warnings(proposals));
      expect(taken(text, insertions)).toBe(CONTRACT);
    }
  });

  test('keeps the ends of lines, and a last line without one', () => {
    const dos = CONTRACT.replaceAll('\n', '\r\n');
    const written = insertQuality(file(dos), 'orders', PROPOSALS);
    expect(taken(written.text, written.insertions, '\r\n')).toBe(dos);
    expect(written.text.replaceAll('\r\n', '')).not.toContain('\n');
    const open = CONTRACT.slice(0, CONTRACT.indexOf('\n  - name: totals'));
    const last = insertQuality(file(open), 'orders', PROPOSALS);
    expect(checksOf(last.text)).toHaveLength(PROPOSALS.length + 1);
    expect(taken(last.text, last.insertions)).toBe(`${open}\n`);
  });

  test.each([
    ['{ apiVersion: v3.1.0, kind: DataContract, id: a, version: 1.0.0, status: active, schema: [{ name: orders }] }', '`schema`'],
    ['schema:\n  - { name: orders, properties: [{ name: id }] }\n', 'The dataset `orders`'],
    ['schema:\n  - name: orders\n    properties: [{ name: id }]\n    quality: []\n', 'The `quality` of `orders`'],
  ])('refuses what would have to be changed: %j', (text, what) => {
    expect(() => insertQuality(file(text), 'orders', PROPOSALS)).toThrow(expect.objectContaining({ code: 'NOT_POSSIBLE', message: expect.stringContaining(what) as string }));
  });

  test('any text as a value or a reason', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\0\uD800-\uDFFF]/u.test(text)), { minLength: 1, maxLength: 5 }), (values) => {
        const proposal: Proposal = { id: 'country.set', column: 'country', measure: { kind: 'set', column: 'country', values }, threshold: NONE, reason: values.join(' ') };
        for (const column of ['country', 'id']) {
          const { text } = insertQuality(file(CONTRACT), 'orders', [{ ...proposal, column, measure: { kind: 'set', column, values } }]);
          expect(parse(text)).toMatchObject({ schema: [expect.anything(), expect.anything()] });
          const [written] = findSets(parse(text));
          expect(written).toEqual({ values, description: values.join(' ') });
        }
      }),
    );
  });
});

/** The sets of a contract as it says them. */
function findSets(part: unknown): { values: unknown; description: unknown }[] {
  if (typeof part !== 'object' || part === null) return [];
  const { arguments: args, implementation, description } = part as { arguments?: { validValues?: unknown }; implementation?: { values?: unknown }; description?: unknown };
  const values = args?.validValues ?? implementation?.values;
  return values === undefined ? Object.values(part).flatMap(findSets) : [{ values, description }];
}
