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
    const runs = [gate.run(never, small.body), gate.run(never, large.body, { places: 9 }), gate.run(never, later.body)];
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
    const large = gate.run(controller.signal, () => Promise.resolve(), { places: 2 });
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

  it('lets live calls go before background ones that came earlier, each kind in order', async () => {
    const { gate, enter, release, entered } = named(1);
    const runs = [enter('running'), enter('back 1', true), enter('back 2', true), enter('live 1'), enter('live 2')];
    await release(5);
    await Promise.all(runs);
    expect(entered).toEqual(['running', 'live 1', 'live 2', 'back 1', 'back 2']);
    expect(await gate.run(never, () => Promise.resolve('free'), { background: true })).toBe('free');
  });

  it('lets a live call take a free place that is too small for the background call in front', async () => {
    const { enter, release, entered } = named(2);
    const runs = [enter('running'), enter('large', true, 2), enter('live')];
    expect(entered).toEqual(['running', 'live']);
    await release(3);
    await Promise.all(runs);
    expect(entered).toEqual(['running', 'live', 'large']);
  });

  it('lets a background call that waited 20 s go next, and then a live one', async () => {
    const { clock, enter, release, entered } = named(1);
    const runs = [enter('running'), enter('back 1', true), enter('back 2', true)];
    clock.now = 19_999;
    runs.push(enter('live 1'), enter('live 2'), enter('live 3'));
    await release(1);
    expect(entered).toEqual(['running', 'live 1']);
    clock.now = 20_000;
    await release(5);
    await Promise.all(runs);
    expect(entered).toEqual(['running', 'live 1', 'back 1', 'live 2', 'back 2', 'live 3']);
  });

  it('keeps one place for live calls, save from a large background call', async () => {
    const { enter, release, entered } = named(3);
    const runs = [enter('back 1', true), enter('back 2', true), enter('back 3', true)];
    expect(entered).toEqual(['back 1', 'back 2']);
    runs.push(enter('live'));
    expect(entered).toEqual(['back 1', 'back 2', 'live']);
    await release(1);
    expect(entered).toEqual(['back 1', 'back 2', 'live', 'back 3']);
    runs.push(enter('large', true, 3));
    await release(4);
    await Promise.all(runs);
    expect(entered.at(-1)).toBe('large');
  });

  it('gives a live call its place also when a background call has waited long', async () => {
    const { clock, enter, release, entered } = named(2);
    const runs = [enter('back 1', true), enter('back 2', true)];
    clock.now = 30_000;
    runs.push(enter('live'));
    expect(entered).toEqual(['back 1', 'live']);
    await release(3);
    await Promise.all(runs);
    expect(entered).toEqual(['back 1', 'live', 'back 2']);
  });

  it('keeps a quarter of the queue for live calls', async () => {
    const { enter, release } = named(1);
    const runs = [enter('running'), ...Array.from({ length: 48 }, (_, nth) => enter(`back ${nth}`, true))];
    await expect(enter('back too many', true)).rejects.toMatchObject({ code: 'BUSY', message: expect.stringContaining('48 of them in the background') });
    runs.push(...Array.from({ length: 16 }, (_, nth) => enter(`live ${nth}`)));
    await expect(enter('live too many')).rejects.toMatchObject({ code: 'BUSY' });
    await release(65);
    await Promise.all(runs);
  });
});

/** A gate with a clock of the test, and calls that say when they entered; `release` ends the oldest calls inside, one after the other. */
function named(width: number) {
  const clock = { now: 0 };
  const gate = new StageGate(width, () => clock.now);
  const entered: string[] = [];
  const inside: (() => void)[] = [];
  const enter = (name: string, background = false, places = 1): Promise<void> => {
    const body = (): Promise<void> => {
      entered.push(name);
      return new Promise((resolve) => inside.push(resolve));
    };
    return gate.run(new AbortController().signal, body, { background, places });
  };
  const release = async (count: number): Promise<void> => {
    for (let nth = 0; nth < count; nth += 1) {
      inside.shift()?.();
      // Everything in the gate happens in microtasks, which are done before the next immediate.
      await new Promise(setImmediate);
    }
  };
  return { clock, gate, enter, release, entered };
}
