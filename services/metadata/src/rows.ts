import { mapPostgresError } from '@weir/platform';
import pg from 'pg';

export type Queryable = pg.Pool | pg.PoolClient;

const INT8 = 20;

/** Counts, sizes and snapshot numbers stay far below 2^53, so int8 comes back as a number. */
const types = {
  getTypeParser: ((oid: number, format: 'text') => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format))) as typeof pg.types.getTypeParser,
};

/** Runs one statement and gives its rows. Postgres errors come out as WeirError, UNAVAILABLE when the server does not answer. */
export async function rowsOf<Row extends pg.QueryResultRow>(db: Queryable, text: string, values: unknown[] = []): Promise<Row[]> {
  try {
    return (await db.query<Row>({ text, values, types })).rows;
  } catch (error) {
    throw mapPostgresError(error);
  }
}
