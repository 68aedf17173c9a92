import { createHash } from 'node:crypto';
import type { Lake } from '@weir/lake';
import type { Accounts, Clients, InlineBatch, RecordBatch, RuleCount, StreamContext } from '@weir/rpc';
import { inTrace, type BatchTrace } from './batch-trace';
import type { Link } from './chain';
import { grainsOf, type Gathered } from './gatherer';
import { recordBatch } from './record-batch';

/** One attempt of a stage; what hangs longer is tried again. */
const STAGE_MS = 30_000;

/** What a micro-batch's stages work with. */
export interface StageDependencies {
  readonly clients: Pick<Clients, 'quality' | 'transform' | 'load'>;
  readonly lake: Lake;
  readonly context: StreamContext;
  readonly cluster: string;
  readonly source: { readonly topic: string };
  readonly trace: BatchTrace;
  /** Aborted when the chain ends. */
  readonly signal: AbortSignal;
}

/** What came of a micro-batch that was committed. */
export interface BatchOutcome {
  readonly gathered: Gathered;
  readonly accounts: Accounts;
  /** Records that a table refused: the most of any. */
  readonly refused: number;
  /** Positions with reasons, five at most. */
  readonly samples: readonly string[];
}

/** The stages of a micro-batch, in the order of a pipeline's plan: validate, transform, load. Each may be repeated; what it gives, the next one takes. */
export function linkOf(deps: StageDependencies, gathered: Gathered, onLoaded: (outcome: BatchOutcome) => void): Link {
  const { clients, context, source, cluster } = deps;
  const { pipeline, commitId } = context;
  const span = deps.trace.begin(gathered, { 'weir.pipeline': pipeline, 'weir.commit.id': commitId, 'weir.stream.id': context.workflowId });
  const options = { timeoutMs: STAGE_MS };
  const batch: { records?: RecordBatch | undefined; bronze?: InlineBatch | undefined; tables: InlineBatch[]; accounts?: Accounts | undefined; rules: RuleCount[] } = { tables: [], rules: [] };
  const validate = async (): Promise<void> => {
    if (gathered.records === 0) return;
    batch.records ??= await recordBatch(source.topic, gathered, (bytes) => setAside(deps.lake, pipeline, bytes, deps.signal));
    const { bronze, accounts, rules } = await clients.quality.validateBatch({ context, records: batch.records }, options);
    // What was passed on is not kept: three batches of a few MiB are on their way at a time.
    Object.assign(batch, { records: undefined, bronze, accounts, rules });
  };
  const transform = async (): Promise<void> => {
    if (!batch.bronze) return;
    const { tables } = await clients.transform.transformBatch({ context, bronze: batch.bronze }, options);
    Object.assign(batch, { bronze: undefined, tables });
  };
  const load = async (): Promise<void> => {
    const { accounts = NOTHING } = batch;
    const { tables } = await clients.load.loadBatch({ context, cluster, topic: source.topic, ranges: [...gathered.ranges], tables: batch.tables, accounts, grains: grainsOf(gathered) }, options);
    const rules = [...batch.rules, ...tables.flatMap((table) => table.rules)];
    onLoaded({ gathered, accounts, refused: Math.max(0, ...tables.map((table) => table.refused)), samples: rules.flatMap(({ samples }) => samples).slice(0, 5) });
  };
  return { stages: [validate, transform, load].map((stage) => () => inTrace(span.context, stage)), ended: (error) => span.end(error) };
}

const NOTHING: Accounts = { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0 };

/** The path follows from the content, so that writing it again is writing the same. */
async function setAside(lake: Lake, pipeline: string, bytes: Buffer, signal: AbortSignal): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = `quarantine/${pipeline}/${sha256.slice(0, 2)}/${sha256}.bin`;
  await lake.putStream(path, [bytes], signal);
  return path;
}
