import { WeirError } from '@weir/core';
import { until } from '@weir/testkit';
import { Chain } from './chain';

/** A stage that waits until it is let go. */
class Gate {
  private go: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.go = resolve));
  entered = false;

  readonly stage = async (): Promise<void> => {
    this.entered = true;
    await this.opened;
  };

  open(): void {
    this.go();
  }
}

const nothing = (): Promise<void> => Promise.resolve();

test('each stage has one at a time, and the next batch follows on its heels', async () => {
  const chain = new Chain(2);
  const seen: string[] = [];
  const [loading, validating] = [new Gate(), new Gate()];
  const ends: string[] = [];
  chain.start({ stages: [nothing, loading.stage], ended: () => ends.push('one') });
  await until(() => loading.entered, { timeoutMs: 1_000 });
  expect(chain.free).toBe(true);
  chain.start({ stages: [validating.stage, async () => void seen.push('two loads')], ended: () => ends.push('two') });
  await until(() => validating.entered, { timeoutMs: 1_000 });
  expect(chain.free).toBe(false);
  validating.open();
  await new Promise(setImmediate);
  expect(seen).toEqual([]);
  loading.open();
  await chain.drained(1_000);
  expect(seen).toEqual(['two loads']);
  expect(ends).toEqual(['one', 'two']);
});

test('an error that passes is waited for in place; one that does not drops what is behind', async () => {
  const chain = new Chain(2);
  let tries = 0;
  const loads: string[] = [];
  const ends: (string | undefined)[] = [];
  const ended = (error?: WeirError): void => void ends.push(error?.code);
  const moved = async (): Promise<void> => {
    tries += 1;
    throw new WeirError(tries < 3 ? { code: 'UNAVAILABLE', message: 'away' } : { code: 'POSITION_MOVED', message: 'moved' });
  };
  chain.start({ stages: [nothing, moved], ended });
  chain.start({ stages: [nothing, async () => void loads.push('second')], ended });
  await chain.drained(5_000);
  expect(tries).toBe(3);
  expect(loads).toEqual([]);
  expect(ends).toEqual(['POSITION_MOVED', 'CANCELLED']);
  expect((chain.signal.reason as WeirError).code).toBe('POSITION_MOVED');
});

test('an error that may pass is tried three times', async () => {
  const chain = new Chain(1);
  let tries = 0;
  chain.start({
    stages: [
      async () => {
        tries += 1;
        throw new Error('who knows');
      },
    ],
    ended: () => undefined,
  });
  await chain.drained(5_000);
  expect(tries).toBe(3);
  expect((chain.signal.reason as WeirError).code).toBe('INTERNAL');
});

test('an end cuts the waiting between attempts short', async () => {
  const chain = new Chain(1);
  let tries = 0;
  const ends: (string | undefined)[] = [];
  chain.start({
    stages: [
      async () => {
        tries += 1;
        throw new WeirError({ code: 'UNAVAILABLE', message: 'away' });
      },
    ],
    ended: (error) => ends.push(error?.code),
  });
  await until(() => tries > 0, { timeoutMs: 1_000 });
  chain.end(new WeirError({ code: 'CANCELLED', message: 'enough' }));
  await chain.drained(100);
  expect(ends).toEqual(['CANCELLED']);
});
