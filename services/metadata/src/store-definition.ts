import { isDeepStrictEqual } from 'node:util';
import { circleText, describeChanges, incompatibleError, pipelineCircle, WeirError, type Definition } from '@weir/core';
import { inTransaction } from '@weir/platform';
import type { ApplyResponse } from '@weir/rpc';
import type pg from 'pg';
import { storedPipelines } from './applied-pipelines';
import { changesOfContract, insertContractVersions } from './contract-versions';
import { readDefinition } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { datasetsOf } from './run-scope';

/** The stored version after the call and what is different in the definition given. */
export type Stored = Pick<ApplyResponse, 'version' | 'changes'>;

/** Stores a compiled definition as the next version of its pipeline, or nothing when the newest version is the same. Throws MODEL_CYCLE, CONTRACT_INCOMPATIBLE. */
export async function storeDefinition(pool: pg.Pool, definition: Definition): Promise<Stored> {
  return inTransaction(pool, async (client) => {
    // Two first applies of one pipeline have no row to lock yet.
    await rowsOf(client, 'select pg_advisory_xact_lock(hashtextextended($1, 0))', [`weir.apply.${definition.name}`]);
    const { version, changes, same } = await compareDefinition(client, definition);
    if (same) return { version, changes };
    await refuseCircle(client, definition);
    await refuseIncompatible(client, definition);
    await insertVersion(client, definition, version + 1);
    return { version: version + 1, changes };
  });
}

/** How a compiled definition differs from the newest stored one; version 0 means that there is none. */
export async function compareDefinition(db: Queryable, definition: Definition): Promise<Stored & { same: boolean }> {
  const [row] = await rowsOf<{ version: number }>(db, 'select version from metadata.pipeline where name = $1', [definition.name]);
  const before = row && (await readDefinition(db, definition.name, row.version));
  // What is undefined now is absent in what was stored; that is no difference.
  const after = JSON.parse(JSON.stringify(definition)) as Definition;
  return { version: row?.version ?? 0, changes: describeChanges(before, after), same: isDeepStrictEqual(before, after) };
}

/** Compiling saw none, but two pipelines that begin to read each other at the same time do not see each other: here one comes after the other. */
async function refuseCircle(client: pg.PoolClient, { name, upstream }: Definition): Promise<void> {
  if (upstream.length === 0) return;
  await rowsOf(client, "select pg_advisory_xact_lock(hashtextextended('weir.apply upstream', 0))");
  const circle = await pipelineCircle(name, upstream.map(({ pipeline }) => pipeline), storedPipelines(client));
  if (circle) throw new WeirError({ code: 'MODEL_CYCLE', ...circleText(circle) });
}

/** Whoever asks has compared already, and can say who reads what changes; but another version may have come since. */
async function refuseIncompatible(client: pg.PoolClient, { name, contract }: Definition): Promise<void> {
  const refused = incompatibleError(await changesOfContract(client, name, contract));
  if (refused) throw refused;
}

async function insertVersion(client: pg.PoolClient, definition: Definition, version: number): Promise<void> {
  await rowsOf(client, 'insert into metadata.pipeline (name, version) values ($1, $2) on conflict (name) do update set version = excluded.version', [definition.name, version]);
  await rowsOf(client, 'insert into metadata.definition (pipeline, version, body) values ($1, $2, $3)', [definition.name, version, JSON.stringify(definition)]);
  await rowsOf(client, 'insert into metadata.dataset (pipeline, name) select $1, unnest($2::text[]) on conflict do nothing', [definition.name, datasetsOf(definition)]);
  await insertContractVersions(client, definition, version);
}
