import { ApplicationFailure, CancellationScope, condition, defineQuery, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

/** Workflows for the tests of the command line: they answer as runs and backfills do, and do nothing. */

/** Gives its input back, or fails with it as error code. */
export async function echo(input: { readonly say?: string; readonly fail?: string }): Promise<string> {
  if (input.fail) throw refusal(input.fail);
  return input.say ?? '';
}

/** Open until the update `resume`, which it refuses before `pause`. */
export async function patient(): Promise<void> {
  let state: 'running' | 'paused' | 'done' = 'running';
  setHandler(defineQuery<string>('progress'), () => state);
  setHandler(defineUpdate<string, [{ by?: string }]>('pause'), ({ by }) => ((state = 'paused'), `paused by ${by}`));
  const validator = (_input: unknown) => {
    if (state !== 'paused') throw refusal('NOT_POSSIBLE');
  };
  setHandler(defineUpdate<string, [unknown]>('resume'), (_input) => (state = 'done'), { validator });
  await condition(() => state === 'done');
}

/** As our workflows fail: the code as type, the fields as details. */
function refusal(code: string): ApplicationFailure {
  return ApplicationFailure.create({ message: 'The run cannot go on: it is not paused.', type: code, nonRetryable: true, details: [{ message: 'The run cannot go on: it is not paused.', fix: 'Pause it first.' }] });
}

interface Hand {
  readonly by?: string;
  readonly reason?: string;
  readonly consumers?: number;
  readonly skipLost?: boolean;
}

/** Open until the update `stop`; has as many activities `consume` at work as were asked for, and answers as a stream does. `fail` puts it to rest at once. */
export async function pipelineStream({ pipeline, consumers = 1, fail }: { readonly pipeline: string; readonly consumers?: number; readonly fail?: string }): Promise<void> {
  const { consume } = proxyActivities<{ consume(input: { readonly member: number }): Promise<void> }>({ startToCloseTimeout: '1 minute', heartbeatTimeout: '10 seconds', cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
  const since = new Date().toISOString();
  let wanted = consumers;
  let state = fail ? 'failed' : 'running';
  let hand: Hand | undefined;
  const lastError = fail ? { code: fail, message: 'The topic clicks is not there.', place: 'clicks', samples: [], at: since, member: 0 } : undefined;
  const view = () => ({ pipeline, state, since, startedAt: since, definitionVersion: 1, consumers: { wanted, running: wanted }, restarts: 0, hand: hand && { since, reason: hand.reason ?? '', by: hand.by ?? '' }, lastError, archive: { workflowId: `archive/${pipeline}`, state: 'following' } });
  setHandler(defineQuery('progress'), view);
  const validator = (_input: Hand) => {
    if (state !== 'paused') throw refusal('NOT_POSSIBLE');
  };
  setHandler(defineUpdate<unknown, [Hand]>('pause'), (input) => ((hand = input), (state = 'paused'), view()));
  setHandler(defineUpdate<unknown, [Hand]>('resume'), (input) => ((hand = input), (state = input.skipLost ? 'starting' : 'running'), view()), { validator });
  setHandler(defineUpdate<unknown, [Hand]>('scale'), (input) => ((wanted = input.consumers ?? wanted), view()));
  setHandler(defineUpdate<unknown, [Hand]>('stop'), (input) => ((hand = input), (state = 'stopping'), view()));
  const work = new CancellationScope();
  const working = work.run(() => Promise.allSettled(Array.from({ length: fail ? 0 : consumers }, (_, member) => consume({ member }))));
  await condition(() => state === 'stopping');
  work.cancel();
  await working;
}
