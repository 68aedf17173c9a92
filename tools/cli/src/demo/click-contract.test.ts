import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { planValidateBatch, POISON_MARK, VALUE_SEPARATOR, type BatchReject, type ContractDataset, type ValidatedBatch } from '@weir/core';
import { WarmEngines } from '@weir/engine';
import { clickOptions, clickRecord } from '@weir/generate';
import { ROOT } from '@weir/servers';
import { checkFolder } from '../definition/check-folder';

const COUNT = 3_000;
const engines = new WarmEngines({ memoryLimit: '512MB', threads: 1 });
afterAll(() => engines.close());

async function contract(): Promise<ContractDataset> {
  const checked = await checkFolder(join(ROOT, 'examples/clickstream'), {});
  const dataset = 'definition' in checked ? checked.definition.contract.datasets[0] : undefined;
  if (!dataset) throw new Error('examples/clickstream does not compile.');
  return dataset;
}

test('the contract of examples/clickstream refuses what the generator calls bad, by the rule that it says and no other, and admits the rest', async () => {
  const options = clickOptions({ startMs: Date.parse('2026-03-24T09:59:59Z'), bad: 0.3, deletes: 0.1 });
  const records = Array.from({ length: COUNT }, (_, n) => clickRecord(options, n));
  // What is no UTF-8 is found before the engine sees it.
  const texts = records.map(({ value }) => (isUtf8(value) ? value : Buffer.from(`${POISON_MARK}invalid_utf8`)));
  const values = Buffer.concat(texts.flatMap((text, n) => (n === 0 ? [text] : [Buffer.from([VALUE_SEPARATOR]), text])));
  const ranges = JSON.stringify([{ name: 'clicks:0', first: 0, start: 0, grain: '2026-03-24T09:00:00Z' }]);
  const [result] = await engines.rows<ValidatedBatch>('clicks', { sql: planValidateBatch(await contract()).close.deduped, name: 'validate' }, [ranges, values], new AbortController().signal);

  const refused = (JSON.parse(result?.rejects ?? '[]') as BatchReject[]).map(({ ordinal, rules }) => `${ordinal} ${rules.join()}`);
  expect(refused).toEqual(records.flatMap(({ rule }, n) => (rule === undefined ? [] : [`${n} ${rule}`])));
  expect(result).toMatchObject({ read: COUNT, good: COUNT - refused.length, admitted: new Set(records.flatMap(({ version }) => (version ? [version.base] : []))).size });
});
