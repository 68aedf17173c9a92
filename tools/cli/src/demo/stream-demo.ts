import type { Definition } from '@weir/core';
import type { Clients } from '@weir/rpc';
import { ROOT, type PlatformState } from '@weir/servers';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { checkFolder, printProblems } from '../definition/check-folder';
import { colour, print } from '../output';
import { readConsumers, totalsOf } from '../stream/consumers';
import { findStream, streamIdOf, type OpenStream } from '../stream/find-stream';
import { needShown } from '../stream/need-kafka';
import { startStream, untilConsuming } from '../stream/start';
import { streamLines } from '../stream/stream-lines';
import { StreamEye } from '../stream/view';
import { watchStream } from '../stream/watch';
import { lookUp, withTemporal, type Temporal } from '../temporal';
import { assertEqual, comparisonTable, untilEqual, type Comparison } from './comparison';

/** A realtime example that is shown: its folder, and what goes into its topic and must come of it. */
export interface StreamDemo {
  readonly example: string;
  /** Makes the topic where it is not there. Throws what makes the demo impossible. */
  prepare(): Promise<void>;
  /** Sends everything; resolves when Kafka has it. */
  send(signal: AbortSignal): Promise<string>;
  /** Called every second while records are sent. */
  look(): Promise<unknown>;
  /** What came of what was sent. */
  compare(): Promise<readonly Comparison[]>;
}

/** After the last record: a refresh or two, each with its archive run, and room for a slow machine. */
const PATIENCE_MS = 120_000;
const APPLY_TIMEOUT_MS = 60_000;
const POLL_MS = 500;
const LOOK_EVERY_MS = 1_000;
const CAUGHT_UP_MS = 10 * 60_000;

/**
 * Starts Kafka, applies an example, starts its stream, sends the demo's records and shows the stream until what came of them is what was sent, or the time
 * for it is up. Ctrl-C ends it early. Throws INTERNAL where the two differ, and what the parts throw. False: the example does not compile, which is printed.
 */
export async function runStreamDemo(platform: PlatformState, clients: Clients, demo: StreamDemo): Promise<boolean> {
  await needShown(platform.home, ['kafka'], false);
  await demo.prepare();
  const definition = await apply(clients, demo.example);
  if (!definition) return false;
  await withTemporal(platform, async (temporal) => {
    const stream = await running(temporal, definition.name);
    await caughtUp(temporal, stream);
    const eye = await StreamEye.open(platform, temporal, stream);
    try {
      const found = await present(eye, demo, PATIENCE_MS + 4 * (definition.stream?.refreshMs ?? 0));
      print('', colour.strong('What was sent, and what came of it'), comparisonTable(found));
      assertEqual(found, stream.workflowId);
    } finally {
      await eye.close();
    }
  });
  return true;
}

async function apply(clients: Clients, example: string): Promise<Definition | undefined> {
  const checked = await checkFolder(join(ROOT, 'examples', example), process.env);
  if ('problems' in checked) {
    printProblems(checked.problems, false);
    return undefined;
  }
  const { pipeline, version } = await clients.definitions.apply({ files: [...checked.files], root: checked.root, dryRun: false }, { timeoutMs: APPLY_TIMEOUT_MS });
  print('', `  applied examples/${example} as ${pipeline} version ${version}`);
  return checked.definition;
}

/** The stream of the pipeline: one that is at work, or one that is started. */
async function running(temporal: Temporal, pipeline: string): Promise<OpenStream> {
  const open = await lookUp(temporal, { workflowId: streamIdOf(pipeline) });
  const stream = open?.open ? await findStream(temporal, pipeline) : await startStream(temporal, { pipeline });
  print(`  ${open?.open ? 'it is at work already:' : 'started'} ${stream.workflowId}`);
  await untilConsuming(temporal, stream, (reason) => print(`  waiting: ${reason}`));
  return stream;
}

/** Records of before are loaded before those of the demo are counted. */
async function caughtUp(temporal: Temporal, stream: OpenStream): Promise<void> {
  for (const deadline = Date.now() + CAUGHT_UP_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const { consumers } = await readConsumers(temporal, stream);
    if (totalsOf(consumers).lag === 0) return;
  }
}

/** The live view, while records are sent and until they have arrived. */
async function present(eye: StreamEye, demo: StreamDemo, patienceMs: number): Promise<readonly Comparison[]> {
  print('', colour.strong('The stream'));
  const [interrupted, over] = [new AbortController(), new AbortController()];
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  const looking = setInterval(() => void demo.look().catch(() => undefined), LOOK_EVERY_MS);
  const watching = watchStream(eye, over.signal);
  try {
    const sent = await demo.send(interrupted.signal);
    clearInterval(looking);
    const found = await untilEqual(() => demo.compare(), patienceMs, interrupted.signal);
    over.abort();
    const last = await watching;
    if (last && process.stdout.isTTY) print(...streamLines(last, Date.now()));
    print('', `  ${sent}`);
    return found;
  } finally {
    clearInterval(looking);
    over.abort();
    process.off('SIGINT', interrupt);
    await watching.catch(() => undefined);
  }
}
