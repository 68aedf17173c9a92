import type { PoolClient } from 'pg';
import { PREPARE_CLAIM } from './positions';
import { createStage } from './stream-merge';
import type { StreamTable } from './stream-table';

/** Temporary tables that a connection keeps; when it would hold more it begins anew. */
const MAX_STAGES = 64;

/**
 * Settings of a stream's connection. Times are below the 30 s of a unary call: a commit that died must not hold its positions. The server looks for
 * the client every 2 s, and nobody waits for a lock or in an open transaction for long.
 * A micro-batch, 3 MiB of CSV at most, is sorted in memory. It is small beside the tables, so rows are looked up by index whatever the statistics of a
 * new table say; plans are kept, and compiling them would take longer than running them.
 */
const SETTINGS = `set client_connection_check_interval = '2s'; set lock_timeout = '10s'; set statement_timeout = '25s';
  set idle_in_transaction_session_timeout = '20s'; set synchronous_commit = on; set work_mem = '16MB';
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set plan_cache_mode = force_generic_plan; set jit = off`;

const sessions = new WeakMap<PoolClient, StreamSession>();

/** What a connection keeps from one commit to the next: settings, temporary tables and prepared statements. Their making takes longer than a small commit. */
export class StreamSession {
  private readonly stages = new Map<string, string>();
  private made = 0;

  private constructor(private readonly client: PoolClient) {}

  static async on(client: PoolClient): Promise<StreamSession> {
    const known = sessions.get(client);
    if (known) return known;
    await client.query(`${SETTINGS}; ${PREPARE_CLAIM}`);
    const session = new StreamSession(client);
    sessions.set(client, session);
    return session;
  }

  /** The temporary tables for rows of these tables, empty between transactions; a table's name is also the prefix of the statements over it. */
  async stagesOf(tables: readonly StreamTable[]): Promise<string[]> {
    if (this.stages.size + tables.length > MAX_STAGES) await this.beginAnew();
    const stages: string[] = [];
    for (const table of tables) stages.push(await this.stageOf(table));
    return stages;
  }

  private async stageOf(table: StreamTable): Promise<string> {
    const shape = JSON.stringify(table);
    const known = this.stages.get(shape);
    if (known !== undefined) return known;
    // A new name for each try: what a failed one prepared stays.
    this.made += 1;
    const stage = `weir_stage_${this.made}`;
    await this.client.query(createStage(table, stage));
    this.stages.set(shape, stage);
    return stage;
  }

  private async beginAnew(): Promise<void> {
    this.stages.clear();
    await this.client.query(`deallocate all; discard temporary; ${PREPARE_CLAIM}`);
  }
}
