import { until } from './until';

test('until gives the value of the fact once it is there', async () => {
  let calls = 0;
  const value = await until(() => (++calls === 3 ? 'ready' : undefined), { timeoutMs: 5_000 });
  expect(value).toBe('ready');
  expect(calls).toBe(3);
});

test('until gives up after its time and names what it awaited and the last error', async () => {
  const failing = until(() => Promise.reject(new Error('still closed')), { timeoutMs: 60, what: 'the door' });
  await expect(failing).rejects.toMatchObject({ message: 'the door did not come true within 60 ms.', cause: new Error('still closed') });
});
