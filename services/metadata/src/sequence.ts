import { canonicalInstant, formatInterval, grainFrom, isReadInSequence, notTaken, WeirError, type Definition, type Interval } from '@weir/core';
import { RunKind, RunStart, type BeginRunRequest } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';
import type { RunScope } from './run-scope';
import { newestTake, takeBehind, takesIn } from './takes';

/** What a run that takes something new of a source that is read in sequence leases besides its grains: there is one at a time. */
export const POSITION = 'position';

/** A run that is about to begin. */
type Asked = Pick<BeginRunRequest, 'kind' | 'startAt' | 'retryOf'>;

/**
 * What a run leases besides its grains: POSITION where it takes something new. Whoever calls has locked the pipeline.
 * Throws NOT_ADDRESSABLE for an interval that never took anything and lies before one that did; INVALID_INTERVAL for one that has not begun; and for runs that schedules and backfills start, which wait for
 * their turn: RUN_LIMIT while another run takes something, with its ids as samples, and PAST_MISSING after one that failed.
 */
export async function sequenceLeases(db: Queryable, definition: Definition, asked: Asked, { interval, partitions }: RunScope): Promise<readonly string[]> {
  const { name, grain } = definition;
  if (!takesSomething(definition, asked) || !interval || grain === undefined) return [];
  const untaken = notTaken(partitions, grain, await takesIn(db, name, interval));
  const [first] = untaken;
  if (first === undefined) return [];
  await assertAddressable(db, definition, grainFrom(first, grain));
  assertBegun(name, grainFrom(untaken.at(-1) ?? first, grain));
  if (asked.kind === RunKind.SCHEDULED || asked.kind === RunKind.BACKFILL) await assertTurn(db, definition, grainFrom(first, grain));
  return [POSITION];
}

/** A run that begins with what is published takes nothing; one that begins with what a failed run had extracted may. */
function takesSomething({ source }: Definition, { kind, startAt, retryOf }: Asked): boolean {
  return isReadInSequence(source) && kind !== RunKind.REFRESH && (startAt === RunStart.SOURCE || (startAt === RunStart.RAW && retryOf !== ''));
}

async function assertAddressable(db: Queryable, { name }: Definition, interval: Interval): Promise<void> {
  const behind = await takeBehind(db, name, interval.start);
  if (!behind) return;
  const [taken, last] = [formatInterval({ start: behind.partition, end: behind.end }), await newestTake(db, name)];
  const from = last ? canonicalInstant(Date.parse(last.end)) : interval.end;
  throw new WeirError({
    code: 'NOT_ADDRESSABLE',
    message: `${formatInterval(interval)} of ${name} was never run, and its source is read in sequence: what it could have had is in ${taken}.`,
    fix: `Nothing is missing: look in ${taken}. Intervals that were run can be run again; new ones begin at ${from}.`,
  });
}

/** What is taken by an interval of the future leaves nothing for all before it, for ever. */
function assertBegun(name: string, last: Interval): void {
  if (Date.parse(last.start) <= Date.now()) return;
  throw new WeirError({ code: 'INVALID_INTERVAL', message: `${formatInterval(last)} has not begun, and the source of ${name} is read in sequence: no interval before it could be run any more.`, fix: 'Run an interval that has begun.' });
}

interface Named {
  partition: string;
  run_id: string;
  workflow_id: string;
  status: string;
}

const HOLDER = `
  select l.partition, r.run_id, r.workflow_id, r.status from metadata.lease l join metadata.run r on r.run_id = l.run_id
  where l.pipeline = $1 and l.partition = '${POSITION}'`;

/** The run that takes something new of a pipeline's source; undefined where none does. */
export async function takerOf(db: Queryable, pipeline: string): Promise<Pick<Named, 'run_id' | 'workflow_id'> | undefined> {
  return (await rowsOf<Named>(db, HOLDER, [pipeline]))[0];
}

/** The newest interval before one that a run held and left, and whether it is published: taken, or from a time when the source was not read in sequence. */
const BEFORE = `
  select o.partition, r.run_id, r.workflow_id, r.status,
    exists (select from metadata.take t where t.pipeline = $1 and t.partition = o.partition)
      or exists (
        select from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
        where d.pipeline = $1 and d.name = $3 and v.partition = o.partition and v.to_snapshot is null
      ) as published
  from (select partition, run_id from metadata.outcome where pipeline = $1 and partition < $2 order by partition desc limit 1) o join metadata.run r on r.run_id = o.run_id`;

/** Nothing that starts by itself passes an interval that failed: its own would take what that one is to take. Intervals that nobody tried are no past: nothing is lost with them. */
async function assertTurn(db: Queryable, { name, source }: Definition, interval: Interval): Promise<void> {
  const holder = await takerOf(db, name);
  if (holder) {
    throw new WeirError({ code: 'RUN_LIMIT', message: `${formatInterval(interval)} of ${name} waits for its turn: the source is read in sequence, and ${holder.workflow_id} (run ${holder.run_id}) takes what is new.`, samples: [holder.run_id, holder.workflow_id] });
  }
  const [before] = await rowsOf<Named & { published: boolean }>(db, BEFORE, [name, interval.start, `bronze.${source.dataset}`]);
  if (!before || before.published) return;
  throw new WeirError({
    code: 'PAST_MISSING',
    message: `${formatInterval(interval)} of ${name} waits for the interval from ${before.partition}, which is not published: the source is read in sequence, and its newest run ${before.run_id} (workflow ${before.workflow_id}) is ${before.status}.`,
    fix: `Run or retry the interval from ${before.partition}; the waiting run goes on by itself. Or run a later interval by hand: it takes what that one would have taken.`,
    samples: [before.run_id, before.workflow_id],
  });
}
