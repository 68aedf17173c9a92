import { connect, newestDefinition } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, count, print, printJson } from '../../output';
import { totalsOf } from '../../stream/consumers';
import { needSource } from '../../stream/need-kafka';
import { assertRealtime, parseConsumers, startStream, untilConsuming } from '../../stream/start';
import { withTemporal } from '../../temporal';

interface Options {
  readonly consumers?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('start')
    .argument('<pipeline>', 'a pipeline of mode realtime that was applied')
    .description('Start the stream of a pipeline; it runs until it is stopped. Kafka is started with it where it does not run.')
    .option('--consumers <n>', 'members of its consumer group, 1 to 64; by default what the definition says')
    .option('-d, --detach', 'do not wait until they consume')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir streams start clickstream\n  weir streams start clickstream --consumers 4')
    .action(action(start));
}

async function start(pipeline: string, { consumers, detach = false, json = false }: Options): Promise<void> {
  const wanted = consumers === undefined ? undefined : parseConsumers(consumers);
  const platform = await platformState();
  await readyFor(platform, pipeline, json);
  await withTemporal(platform, async (temporal) => {
    const stream = await startStream(temporal, { pipeline, consumers: wanted });
    if (!json) print(`  ${colour.good('Started')} ${stream.workflowId}.`);
    const found = detach ? [] : await untilConsuming(temporal, stream, (reason) => print(`  waiting: ${reason}`));
    if (json) return printJson({ ...stream, consumers: found });
    const { consuming, lag } = totalsOf(found);
    if (!detach) print(consuming > 0 ? `  ${consuming === 1 ? '1 consumer is' : `${consuming} consumers are`} at work, ${count(lag)} records behind.` : '  No consumer has its partitions yet.');
    print(colour.faint(`  weir streams show ${pipeline} --watch`));
  });
}

/** Checks the pipeline before anything is started. Throws PIPELINE_NOT_FOUND, INVALID_VALUE for one without a stream, and what kept Kafka from starting. */
async function readyFor({ home, services }: PlatformState, pipeline: string, quiet: boolean): Promise<void> {
  const clients = connect({ metadata: services.metadata });
  try {
    const definition = await newestDefinition(clients, pipeline);
    assertRealtime(definition);
    await needSource(home, definition, quiet);
  } finally {
    clients.close();
  }
}
