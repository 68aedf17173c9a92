import { join } from 'node:path';
import { until } from '@weir/testkit';
import { ROOT, weir } from '../command-line';
import { useHouse } from '../house';
import { dangling, fetchTrace, servicesIn, tagOf, traceOf, tracesWith, type Trace } from '../trace';
import { Streaming } from './streaming';

const TOPIC = 'clicks';

interface TracedRow {
  readonly _weir_position: string;
  readonly trace_id: string;
}

describe('one event', () => {
  const house = useHouse();

  test('can be followed from its row to its producer, and from its producer to its row', async () => {
    const streaming = await Streaming.open(house.platform);
    await generate(20);
    await streaming.apply(join(ROOT, 'examples/clickstream'));
    await streaming.start('clickstream');
    await streaming.loaded('clickstream', TOPIC);
    const { rows } = await house.platform.warehouse.query<TracedRow>('select c._weir_position, l.trace_id from clickstream.clicks c join weir.ledger l on l.commit_id = c._weir_commit order by c._weir_position limit 1');
    const [row] = rows;
    expect(row?._weir_position).toMatch(/^clicks:\d+:\d+$/);

    // From the row: the ledger names the micro-batch's trace, and a link of that the producer's.
    const services = ['ingest', 'quality', 'transform', 'load'];
    const batch = await traceOf(house.platform, row?.trace_id ?? '', (trace) => services.every((service) => servicesIn(trace).includes(service)));
    expect(dangling(batch)).toEqual([]);
    const process = batch.spans.find(({ operationName }) => operationName === `process ${TOPIC}`);
    expect(holds(process ? tagOf(process, 'weir.positions') : '', row?._weir_position ?? '')).toBe(true);
    const producers = linkedTraces(batch);
    const send = await until(
      async () => {
        const linked = await Promise.all(producers.map((id) => fetchTrace(house.platform, id)));
        return linked.find((trace) => trace?.spans.some(({ operationName }) => operationName === `send ${TOPIC}`));
      },
      { timeoutMs: 30_000, what: 'A linked trace with the span of the producer' },
    );

    // From the producer: micro-batches of the topic that link to its trace; their commits are in the ledger.
    const found = await until(
      async () => {
        const traces = await tracesWith(house.platform, 'ingest', `process ${TOPIC}`, { 'weir.pipeline': 'clickstream' });
        const linked = traces.filter((trace) => linkedTraces(trace).includes(send.traceID));
        return linked.length > 0 ? linked : undefined;
      },
      { timeoutMs: 30_000, what: 'The micro-batches that link to the producer' },
    );
    const commits = found.flatMap(({ spans }) => spans.map((span) => tagOf(span, 'weir.commit.id'))).filter((id) => typeof id === 'string');
    const { rows: loaded } = await house.platform.warehouse.query('select 1 from clickstream.clicks where _weir_commit::text = any($1) limit 1', [commits]);
    expect(loaded).toHaveLength(1);
    await streaming.stop('clickstream');
  });

  /** Sends clicks as a traced producer. */
  async function generate(count: number): Promise<void> {
    const end = await weir(['generate', 'clickstream', '--count', String(count), '--rate', '100', '--bad', '0', '--deletes', '0', '--late', '0', '--json'], house.platform.state.home);
    if (end.code !== 0) throw new Error(`weir generate ended with ${end.code}:\n${end.stdout}${end.stderr}`);
  }
});

/** Traces that a micro-batch's span links to. */
function linkedTraces({ traceID, spans }: Trace): string[] {
  return spans.filter(({ operationName }) => operationName.startsWith('process ')).flatMap(({ references }) => references.map((reference) => reference.traceID).filter((id) => id !== traceID));
}

/** Whether positions such as `clicks:3:100-140` have `clicks:3:117` among them; the end is the offset after the last. */
function holds(positions: unknown, position: string): boolean {
  const [, log = '', offset = ''] = /^(.*):(\d+)$/.exec(position) ?? [];
  return [...String(positions).matchAll(/([\w.-]+:\d+):(\d+)-(\d+)/g)].some(([, of, from, to]) => of === log && Number(from) <= Number(offset) && Number(offset) < Number(to));
}
