import { parseContract } from '../contract/parse-contract';
import { SHOP } from '../testing/shop';
import { arrayColumns, sourceDataset } from './source-dataset';

test('the source says what empty text is, of its own dataset alone', () => {
  const { contract, source } = SHOP;
  expect(sourceDataset(SHOP)).toBe(contract.datasets[0]);
  expect(sourceDataset({ contract, source: { ...source, emptyText: 'keep' } })).toEqual({ ...contract.datasets[0], emptyText: 'keep' });
  expect(sourceDataset({ contract, source: { ...source, dataset: 'nowhere', emptyText: 'keep' } })).toBeUndefined();
});

test('columns of arrays are those that the contract calls arrays or vectors, by their names in the data', () => {
  const text = `apiVersion: v3.2.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: orders\n    properties:\n      - { name: tags, physicalName: Tags, logicalType: array }\n      - { name: place, logicalType: vector }\n      - { name: more, logicalType: object }\n      - { name: note, logicalType: string }\n`;
  const { contract, problems } = parseContract({ path: 'c.yaml', text }, 'orders');
  expect(problems).toEqual([]);
  const columns = contract?.datasets[0]?.columns.flatMap(({ type, ...column }) => (type ? [{ ...column, type }] : [])) ?? [];
  const dataset = { name: 'orders', columns, rules: [], checks: [], order: { by: 'arrival' } as const };
  expect([...arrayColumns({ contract: { id: 'c', version: '1.0.0', datasets: [dataset] }, source: { ...SHOP.source, dataset: 'orders' } })]).toEqual(['Tags', 'place']);
});
