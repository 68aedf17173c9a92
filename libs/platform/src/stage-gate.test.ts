import { StageGate } from './stage-gate';

const never = new AbortController().signal;

/** A body that runs until it is let go. */
function held(): { body: () => Promise<void>; release: () => void; started: () => boolean } {
  let release = (): void => undefined;
  let started = false;
  const gone = new Promise<void>((resolve) => (release = resolve));
  const body = (): Promise<void> => {
    started = true;
    return gone;
  };
  return { body, release, started: () => started };
}

describe('StageGate', () => {
  it('runs as many stages as it is wide; the next one when one ends, in order', async () => {
    const gate = new StageGate(2);
    const stages = [held(), held(), held(), held()];
    const runs = stages.map(({ body }) => gate.run(never, body));
    expect(stages.map((stage) => stage.started())).toEqual([true, true, false, false]);
    stages[1]?.release();
    await runs[1];
    await Promise.resolve();
    expect(stages.map((stage) => stage.started())).toEqual([true, true, true, false]);
    for (const stage of stages) stage.release();
    await Promise.all(runs);
  });

  it('gives the place back when a stage fails', async () => {
    const gate = new StageGate(1);
    await expect(gate.run(never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(never, () => Promise.resolve(7))).toBe(7);
  });

  it('lets a large stage run alone, and nobody overtake it', async () => {
    const gate = new StageGate(2);
    const [small, large, later] = [held(), held(), held()];
    const runs = [gate.run(never, small.body), gate.run(never, large.body, 9), gate.run(never, later.body)];
    expect([large.started(), later.started()]).toEqual([false, false]);
    small.release();
    await runs[0];
    await Promise.resolve();
    expect([large.started(), later.started()]).toEqual([true, false]);
    large.release();
    await runs[1];
    await Promise.resolve();
    expect(later.started()).toBe(true);
    later.release();
    await runs[2];
  });

  it('lets the next in when a large stage that waits is cancelled', async () => {
    const gate = new StageGate(2);
    const first = held();
    const running = gate.run(never, first.body);
    const controller = new AbortController();
    const large = gate.run(controller.signal, () => Promise.resolve(), 2);
    const small = gate.run(never, () => Promise.resolve('in'));
    controller.abort();
    await expect(large).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await small).toBe('in');
    first.release();
    await running;
  });

  it('answers BUSY once 64 wait', async () => {
    const gate = new StageGate(1);
    const first = held();
    // A signal of its own for each, as calls have.
    const enqueue = (): Promise<void> => gate.run(new AbortController().signal, () => Promise.resolve());
    const all = [gate.run(never, first.body), ...Array.from({ length: 64 }, enqueue)];
    await expect(gate.run(never, () => Promise.resolve())).rejects.toMatchObject({ code: 'BUSY' });
    first.release();
    await Promise.all(all);
  });

  it('takes a cancelled call out of the queue', async () => {
    const gate = new StageGate(1);
    const first = held();
    const running = gate.run(never, first.body);
    const controller = new AbortController();
    const cancelled = gate.run(controller.signal, () => Promise.resolve('ran'));
    const last = gate.run(never, () => Promise.resolve('last'));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    first.release();
    await running;
    expect(await last).toBe('last');
    await expect(gate.run(controller.signal, () => Promise.resolve())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
