import { withProgress } from './progress';

const tick = (): Promise<void> => jest.advanceTimersByTimeAsync(500);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('the newest progress is sent twice a second, also while nothing is reported, and never after the end', async () => {
  const sent: string[] = [];
  let finish = (_: string): void => undefined;
  const send = (progress: { step: string }): Promise<void> => Promise.resolve(void sent.push(progress.step));
  const work = withProgress(send, (report) => {
    report({ step: 'first', done: 0, total: 0 });
    report({ step: 'second', done: 1, total: 2 });
    return new Promise<string>((resolve) => (finish = resolve));
  });
  await tick();
  await tick();
  finish('done');
  expect(await work).toBe('done');
  await tick();
  expect(sent).toEqual(['second', 'second']);
});

test('progress that cannot be sent does not fail the work, and a slow receiver gets one message at a time', async () => {
  let calls = 0;
  const work = withProgress(
    () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('gone')) : new Promise(() => undefined);
    },
    async () => {
      await tick();
      await tick();
      await tick();
      return 'done';
    },
  );
  expect(await work).toBe('done');
  expect(calls).toBe(2);
});
