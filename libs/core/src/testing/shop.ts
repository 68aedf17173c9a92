import type { Definition } from '../definition/definition';
import { CSV_LAYOUT } from '../definition/source';

/** A whole definition for tests, with one of everything. */
export const SHOP: Definition = {
  name: 'shop',
  description: 'Orders.',
  mode: 'batch',
  lookbackGrains: 0,
  approval: 'never',
  retention: { raw: 90 * 86_400_000 },
  upstream: [],
  source: { type: 'file', dataset: 'orders', path: '/data/*.csv', layout: CSV_LAYOUT, empty: 'error' },
  contract: {
    id: 'c',
    version: '1',
    datasets: [
      {
        name: 'orders',
        columns: [{ name: 'a', physicalName: 'A', type: 'BIGINT', required: true, keyPosition: undefined, format: undefined }],
        rules: [{ id: 'r', severity: 'critical', type: 'accuracy', predicate: 'a > 0', description: 'd' }],
        checks: [{ id: 'orders.rowCount', severity: 'warning', type: 'coverage', measure: { kind: 'count' }, threshold: { greaterThan: 0, unit: 'rows' } }],
        order: { by: 'arrival' },
      },
    ],
  },
  models: [{ name: 'm', zone: 'gold', file: 'models/gold/m.sql', sql: 'select a\nfrom bronze.orders', scope: 'interval', inputs: ['bronze.orders'], key: ['a'], writeMode: 'upsert', columns: [{ name: 'a', type: 'BIGINT' }] }],
  destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'shop' }],
  policy: { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000, failAbove: { share: 0.01, minRows: 100 } },
};
