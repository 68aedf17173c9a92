import { sideBySide } from './side-by-side';

/** Works on items until each is let go; says which are at work. */
function workshop() {
  const atWork = new Map<number, { end(): void; fail(error: Error): void }>();
  const begun: number[] = [];
  const work = (item: number): Promise<void> =>
    new Promise((resolve, reject) => {
      begun.push(item);
      const leave = (then: () => void) => () => {
        atWork.delete(item);
        then();
      };
      atWork.set(item, { end: leave(resolve), fail: (error) => leave(() => reject(error))() });
    });
  return { atWork, begun, work };
}

/** Lets all promises go on that can. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('so many items are at work, and the next one begins when one ends, in their order, each once', async () => {
  const { atWork, begun, work } = workshop();
  const done = sideBySide([1, 2, 3, 4, 5], 2, work);
  await settled();
  expect([...atWork.keys()]).toEqual([1, 2]);
  for (const [ended, left] of [[2, [1, 3]], [1, [3, 4]], [4, [3, 5]], [3, [5]], [5, []]] as const) {
    atWork.get(ended)?.end();
    await settled();
    expect([...atWork.keys()]).toEqual(left);
  }
  await done;
  expect(begun).toEqual([1, 2, 3, 4, 5]);
});

test('the first failure is thrown, and nothing is done for no items', async () => {
  const { atWork, work } = workshop();
  const done = sideBySide(new Set([1, 2, 3]).values(), 3, work);
  await settled();
  atWork.get(2)?.fail(new Error('two'));
  await expect(done).rejects.toThrow('two');
  await sideBySide([], 8, () => Promise.reject(new Error('nothing')));
});
