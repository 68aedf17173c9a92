import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useOwnHome } from '../../testing/own-home';
import { type Outcome, runCommand } from '../../testing/run-command';
import * as sourcesDiscover from './discover';

const root = useOwnHome();

const weir = (...args: string[]): Promise<Outcome> => runCommand([sourcesDiscover], ['discover', ...args]);

function shop(text: string): string {
  const folder = join(root(), 'shop');
  mkdirSync(folder);
  writeFileSync(join(folder, 'connections.yaml'), text);
  return folder;
}

// What the platform answers is in tools/e2e/src/discover.test.ts.
test('discovering without a platform ends with 3', async () => {
  const folder = shop('shop_db: { type: postgres, host: db.example.com, database: shop, user: reader }\n');
  expect(await weir(folder, '--connection', 'shop_db')).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});

test('without connections, or with a reference that leads nowhere, ends with 2', async () => {
  expect(await weir(root(), '--connection', 'shop_db')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`MISSING_FILE  ${root()}/connections.yaml`) as string });
  const folder = shop('shop_db: { type: postgres, host: "${env:WEIR_TEST_NOWHERE}", database: shop, user: reader }\n');
  expect(await weir(join(folder, 'connections.yaml'), '--connection', 'shop_db')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('WEIR_TEST_NOWHERE') as string });
});

test('files and topics are asked for alone; nothing at all is asked for by nothing', async () => {
  const folder = shop('shop_db: { type: postgres, host: db.example.com, database: shop, user: reader }\n');
  expect(await weir(folder, '--connection', 'shop_db', '--file', 'a.csv')).toMatchObject({ code: 2, stderr: expect.stringContaining('INVALID_VALUE  --file') as string });
  expect(await weir('--topic', 'clicks', '--file', 'a.csv')).toMatchObject({ code: 2, stderr: expect.stringContaining('INVALID_VALUE') as string });
  expect(await weir()).toMatchObject({ code: 2, stderr: expect.stringContaining('--topic') as string });
  expect(await weir(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('--connection') as string });
  expect(await weir('--topic', 'clicks')).toMatchObject({ code: 3, stderr: expect.stringContaining('PLATFORM_DOWN') as string });
});
