// Records the history of a finished workflow for the replay test:
//   node services/orchestrator/bin/record-history.mjs <name> <workflow-id> [<run-id>]
// writes src/workflows/histories/<name>.json. WEIR_TEMPORAL_ADDRESS names the server, 127.0.0.1:7233 by default.
// Record from the deployed commit, never from the change that is being tested.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const [name, workflowId, runId] = process.argv.slice(2);
if (!/^[a-z][a-z-]*$/.test(name ?? '') || !workflowId) {
  process.stderr.write('Usage: record-history.mjs <name> <workflow-id> [<run-id>]\n');
  process.exit(2);
}

const connection = await Connection.connect({ address: process.env.WEIR_TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
try {
  const history = await new Client({ connection }).workflow.getHandle(workflowId, runId).fetchHistory();
  const file = join(dirname(fileURLToPath(import.meta.url)), '../src/workflows/histories', `${name}.json`);
  writeFileSync(file, `${withoutMachine(plain(history))}\n`);
  process.stdout.write(`${history.events.length} events in ${file}\n`);
} finally {
  await connection.close();
}

/** Not historyToJSON: it fails wherever npm installs protobufjs more than once. The replay test reads it with fromObject. */
function plain(history) {
  const { History } = proto.temporal.api.history.v1;
  return History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String });
}

/** Names of processes and paths in stack traces say nothing about the workflow and do not belong into the repository. */
function withoutMachine(history) {
  return JSON.stringify(history, (key, value) => (key === 'identity' ? 'worker' : key === 'stackTrace' ? '' : value?.kind === 'TASK_QUEUE_KIND_STICKY' ? { ...value, name: 'sticky' } : value), 1);
}
