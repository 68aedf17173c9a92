import type { Definition } from '@weir/core';
import type { ArchiveProgress, ConsumerProgress, StreamProgress } from '@weir/orchestrator';
import { connect, newestDefinition, type Clients, type QuarantinedRow } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { query, type Temporal } from '../temporal';
import { readConsumers } from './consumers';
import { progressOf, type OpenStream } from './find-stream';
import { Warehouse, type LatestRows, type TablePosition } from './warehouse';

/** Everything about an open stream at one moment. What nobody answered for is undefined. */
export interface StreamView {
  readonly pipeline: string;
  readonly workflowId: string;
  /** False once it has ended. */
  readonly open: boolean;
  readonly progress: StreamProgress | undefined;
  readonly consumers: readonly ConsumerProgress[];
  readonly archive: ArchiveView | undefined;
  /** Newest first, a hundred at most. */
  readonly quarantined: readonly QuarantinedRow[] | undefined;
  readonly latest: LatestRows | undefined;
}

/** The archive of a stream by its own answer, and how far it is behind the tables. */
export interface ArchiveView {
  readonly progress: ArchiveProgress | undefined;
  /** Records that are in the tables and not in the archive; undefined when one of the two is not known. */
  readonly behind: number | undefined;
}

const QUARANTINED = 100;
const TIMEOUT_MS = 2_000;
/** Temporal is away, which ends nothing. */
const UNKNOWN = { open: true, consumers: [] };

/** Looks at one stream again and again; close it to end its connections. */
export class StreamEye {
  private constructor(
    private readonly temporal: Temporal,
    private readonly stream: OpenStream,
    private readonly clients: Clients,
    private readonly warehouse: Warehouse,
  ) {}

  /** Throws PIPELINE_NOT_FOUND, UNAVAILABLE. */
  static async open(platform: PlatformState, temporal: Temporal, stream: OpenStream): Promise<StreamEye> {
    const clients = connect(platform.services);
    try {
      const definition: Definition = await newestDefinition(clients, stream.pipeline);
      return new StreamEye(temporal, stream, clients, new Warehouse(platform.warehouse, definition));
    } catch (error) {
      clients.close();
      throw error;
    }
  }

  async look(): Promise<StreamView> {
    const { pipeline, workflowId } = this.stream;
    const [progress, { open, consumers }, archive, quarantined, latest] = await Promise.all([
      progressOf(this.temporal, this.stream),
      readConsumers(this.temporal, this.stream).catch(() => UNKNOWN),
      this.archive(),
      this.quarantined(),
      this.warehouse.latestRows(),
    ]);
    return { pipeline, workflowId, open, progress, consumers, archive, quarantined, latest };
  }

  async close(): Promise<void> {
    this.clients.close();
    await this.warehouse.close();
  }

  private async archive(): Promise<ArchiveView> {
    const workflowId = `archive/${this.stream.pipeline}`;
    const [progress, tables, archived] = await Promise.all([query<ArchiveProgress>(this.temporal, { workflowId }, 'progress', TIMEOUT_MS), this.warehouse.positions(), this.archived()]);
    return { progress, behind: tables && archived && recordsBehind(tables, archived) };
  }

  private async archived(): Promise<Archived[] | undefined> {
    const answer = await this.clients.catalog.listPositions({ pipeline: this.stream.pipeline }, { timeoutMs: TIMEOUT_MS }).catch(() => undefined);
    return answer?.positions;
  }

  private async quarantined(): Promise<readonly QuarantinedRow[] | undefined> {
    const answer = await this.clients.quarantine.listRows({ pipeline: this.stream.pipeline, runId: '', limit: QUARANTINED }, { timeoutMs: TIMEOUT_MS }).catch(() => undefined);
    return answer?.rows;
  }
}

/** A position of the catalog: `<topic>:<partition>`, `<next offset>@<greatest timestamp>`. */
interface Archived {
  readonly source: string;
  readonly value: string;
}

/** Records that the tables have and the archive has not. */
export function recordsBehind(tables: readonly TablePosition[], archived: readonly Archived[]): number {
  const next = new Map(archived.map(({ source, value }) => [Number(source.slice(source.lastIndexOf(':') + 1)), Number(value.split('@')[0])]));
  return tables.reduce((sum, table) => sum + Math.max(0, table.next - (next.get(table.partition) ?? table.start)), 0);
}
