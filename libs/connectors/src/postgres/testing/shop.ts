import { tempDir, testDatabase, type TempDir, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from '../destination';
import { openDestination } from './orders';

/** What tests of tables have: a database, a folder for rows that are to be copied, and the database as a destination. */
export interface Shop {
  readonly database: TestDatabase;
  readonly folder: TempDir;
  readonly destination: PostgresDestination;
}

/** One for all tests of a file; each begins without tables. */
export function useShop(): Shop {
  let opened: Shop | undefined;
  const shop = (): Shop => {
    if (!opened) throw new Error('The shop is there from the first test on.');
    return opened;
  };
  beforeAll(async () => {
    const [database, folder] = await Promise.all([testDatabase(), tempDir()]);
    opened = { database, folder, destination: openDestination(database.config) };
  });
  beforeEach(async () => {
    await shop().database.pool.query('drop schema if exists shop, weir cascade');
  });
  afterAll(async () => {
    await opened?.destination.close();
    await Promise.all([opened?.database.drop(), opened?.folder.dispose()]);
  });
  return {
    get database() {
      return shop().database;
    },
    get folder() {
      return shop().folder;
    },
    get destination() {
      return shop().destination;
    },
  };
}
