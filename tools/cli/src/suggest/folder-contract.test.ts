import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Proposal } from '@weir/core';
import { notStated, readContract, withProposals } from './folder-contract';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-suggest-'));
  cpSync(resolve(__dirname, '../../../../examples/retail'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const LINES = { pipeline: 'retail', dataset: 'order_lines', source: 'order_lines' };
const NONE = { equal: 0, unit: 'rows' } as const;
const PROPOSALS: readonly Proposal[] = [
  { id: 'quantity.nullShare', column: 'quantity', measure: { kind: 'nullShare', column: 'quantity' }, threshold: NONE, reason: 'No nulls.' },
  { id: 'customer_id.nullShare', column: 'customer_id', measure: { kind: 'nullShare', column: 'customer_id' }, threshold: { atMost: 31, unit: 'percent' }, reason: 'Some.' },
  { id: 'quantity.range', column: 'quantity', measure: { kind: 'range', column: 'quantity', min: -20, max: 60 }, threshold: { atMost: 2, unit: 'percent', of: 'values' }, reason: 'Most.' },
  { id: 'country.set', column: 'country', measure: { kind: 'set', column: 'country', values: ['France', 'Norway'] }, threshold: NONE, reason: 'Two.' },
];

test('says what the contract of the folder does not say yet, also of what was accepted and not applied', async () => {
  const contract = await readContract(folder, LINES);
  const left = notStated(contract, PROPOSALS);
  // `quantity` is required, and `customer_id` has a check of its nulls.
  expect(left.map(({ id }) => id)).toEqual(['quantity.range', 'country.set']);
  writeFileSync(join(folder, 'contract.odcs.yaml'), withProposals(contract, 'order_lines', left).text);
  expect(notStated(await readContract(folder, LINES), PROPOSALS)).toEqual([]);
});

test('of a model too, which the contract need not have', async () => {
  const asked = { ...LINES, dataset: 'lines' };
  const proposal: Proposal = { id: 'total.nullShare', column: 'total', measure: { kind: 'nullShare', column: 'total' }, threshold: NONE, reason: 'No nulls.' };
  const contract = await readContract(folder, asked);
  expect(notStated(contract, [proposal])).toEqual([proposal]);
  writeFileSync(join(folder, 'contract.odcs.yaml'), withProposals(contract, 'lines', [proposal]).text);
  expect(notStated(await readContract(folder, asked), [proposal])).toEqual([]);
});

test('names the place of what is wrong', async () => {
  await expect(readContract(folder, { ...LINES, pipeline: 'other' })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: join(folder, 'pipeline.yaml'), message: 'The folder is of the pipeline `retail`, and the rows are of `other`.' });
  const path = join(folder, 'contract.odcs.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace('logicalType: integer', 'logicalType: whole'));
  await expect(readContract(folder, LINES)).rejects.toMatchObject({ code: 'INVALID_VALUE', place: expect.stringMatching(/contract\.odcs\.yaml:\d+:\d+$/) as string });
  rmSync(path);
  await expect(readContract(folder, LINES)).rejects.toMatchObject({ code: 'MISSING_FILE', place: path });
});
