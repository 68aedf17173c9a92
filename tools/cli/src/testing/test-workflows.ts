import { ApplicationFailure, condition, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow';

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
