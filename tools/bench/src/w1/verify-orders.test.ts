import type { GetRunResponse } from '@weir/rpc';
import type { W1Truth } from './orders-data';
import { verifyRecord } from './verify-orders';

const TRUTH: W1Truth = { rows: 100, unique: 99, sharedRows: 2, lines: { nullUpdated: 4, negativeQuantity: 3, badEmail: 2, badStatus: 1 }, orders: { nullUpdated: 3, negativeQuantity: 3, badEmail: 2, badStatus: 1 }, groups: 9, quantity: 300, revenue: '1.00' };
const FAILED = { order_id_there: 0, customer_id_there: 0, email_there: 0, updated_at_there: 3, order_id_unique: 2, quantity_range: 3, unit_price_quantiles: undefined, email_form: 2, status_known: 1, created_at_fresh: undefined };

function record(failed: Record<string, number | undefined>, accounts = { read: 100, admitted: 99, duplicate: 1 }, passed = true): GetRunResponse {
  const checks = Object.entries(failed).map(([check, number]) => ({ check: `lines.${check}`, failed: number, passed }));
  return { run: { accounts }, stages: [{ stage: 'extract', checks: [] }, { stage: 'validate', checks }] } as unknown as GetRunResponse;
}

test('a run is right when its accounts and the rows that its ten checks found are those of the file', () => {
  expect(() => verifyRecord(record(FAILED), TRUTH)).not.toThrow();
  expect(() => verifyRecord(record({ ...FAILED, updated_at_there: 4 }), TRUTH)).toThrow('updated_at_there 4, not 3');
  expect(() => verifyRecord(record(FAILED, { read: 100, admitted: 98, duplicate: 1 }), TRUTH)).toThrow('admitted 98, not 99');
  expect(() => verifyRecord(record(FAILED, undefined, false), TRUTH)).toThrow('failures 10, not 0');
  expect(() => verifyRecord(record({}), TRUTH)).toThrow('checks 0, not 10');
});
