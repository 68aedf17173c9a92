import { setTimeout as sleep } from 'node:timers/promises';
import { Listr, type ListrTask } from 'listr2';
import type { WeirError } from '@weir/core';
import type { RunProgress, StageProgress } from '@weir/orchestrator';
import { colour, count, print, seconds } from './output';
import type { StartedRun } from './run-start';
import { handLines, waitWord } from './run-states';

const POLL_MS = 500;
/** Most runs end sooner, and are not asked at all. */
const WAIT_POLL_MS = 3_000;

/** Stages that a run may have, in order; those that a pipeline does not need never show. */
const STAGES = ['begin', 'extract', 'validate', 'transform', 'audit', 'publish', 'refresh', 'load'];

/** Shows the stages of a run while it is at work, until it ends: live in a terminal, else a line for each change. Gives the run's end. */
export async function watchRun(run: StartedRun): Promise<WeirError | undefined> {
  const view = process.stdout.isTTY ? new LiveView() : new LineView(run.runId);
  const ended = { value: false };
  const end = run.end().finally(() => (ended.value = true));
  const polling = poll(run, view, ended);
  try {
    return await end;
  } finally {
    await polling;
    await view.close();
  }
}

/** Waits for a run's end without showing its stages, and says when it waits for a person: nobody would know otherwise. */
export async function awaitRun(run: StartedRun): Promise<WeirError | undefined> {
  const ended = { value: false };
  const end = run.end().finally(() => (ended.value = true));
  for (let said = ''; !ended.value; ) {
    await Promise.race([end, sleep(WAIT_POLL_MS)]);
    const progress = ended.value ? undefined : await run.progress();
    const line = progress && progress.state !== 'running' ? handLines(progress, run.runId, Date.now())[0] : '';
    if (line && progress?.state !== said) print(line);
    said = progress?.state ?? said;
  }
  return end;
}

async function poll(run: StartedRun, view: View, ended: { readonly value: boolean }): Promise<void> {
  for (let last = false; !last; ) {
    last = ended.value;
    const progress = await run.progress();
    const beat = last ? undefined : await run.heartbeat();
    if (progress) view.show(progress, beat);
    if (!last) await sleep(POLL_MS);
  }
}

interface View {
  show(progress: RunProgress, heartbeat: string | undefined): void;
  close(): Promise<void>;
}

/** `validate 541,909 rows in, 535,303 out, 1.2 s`, or what it does now. */
function describe(stage: StageProgress, heartbeat: string | undefined): string {
  const { state, counts, code, attempts } = stage;
  if (state === 'done' && counts) {
    const rows = counts.rowsIn + counts.rowsOut > 0 ? `${count(counts.rowsIn)} rows in, ${count(counts.rowsOut)} out, ` : '';
    return `${rows}${seconds(counts.milliseconds)}`;
  }
  if (state === 'waiting') return `${code ?? ''}, waits for attempt ${attempts + 1}`;
  return state === 'failed' ? (code ?? 'failed') : (heartbeat ?? 'at work');
}

class LineView implements View {
  private readonly said = new Map<string, string>();
  private state: RunProgress['state'] = 'running';

  constructor(private readonly runId: string) {}

  show(progress: RunProgress): void {
    const { stages, state } = progress;
    if (state !== this.state && state !== 'running') print(...handLines(progress, this.runId, Date.now()).slice(0, 1));
    this.state = state;
    for (const stage of stages) {
      if (stage.state === 'running') continue;
      const line = `  ${stage.stage.padEnd(9)} ${stage.state === 'done' ? '' : `${stage.state}: `}${describe(stage, undefined)}`;
      if (this.said.get(stage.stage) === line) continue;
      this.said.set(stage.stage, line);
      print(line);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class LiveView implements View {
  private readonly tracks = new Map(STAGES.map((stage) => [stage, new Track()] as const));
  private readonly shown: Promise<unknown>;

  constructor() {
    const tasks = [...this.tracks].map(([stage, track]): ListrTask => ({ title: colour.faint(stage), task: (_context, task) => track.follow((text) => (task.title = `${stage.padEnd(9)} ${colour.faint(text)}`), (text) => task.skip(text)) }));
    this.shown = new Listr(tasks, { concurrent: true, exitOnError: false, registerSignalListeners: false, rendererOptions: { collapseErrors: false, showErrorMessage: false, collapseSkips: false } }).run();
  }

  show({ stages, state }: RunProgress, heartbeat: string | undefined): void {
    // What it waits for stands where its next stage will.
    const next = STAGES[STAGES.indexOf(stages.at(-1)?.stage ?? '') + 1] ?? '';
    if (state !== 'running') this.tracks.get(next)?.wait(`${next.padEnd(9)} ${colour.doubt(waitWord(state))}`);
    const running = stages.filter(({ state }) => state === 'running').length;
    for (const stage of stages) this.tracks.get(stage.stage)?.next(stage, describe(stage, running === 1 ? heartbeat : undefined));
  }

  async close(): Promise<void> {
    for (const [stage, track] of this.tracks) track.end(colour.faint(`${stage} not run`));
    await this.shown;
  }
}

/** One stage's line: it settles when the stage is done or has failed, or when the run ends without it. */
class Track {
  private title: (text: string) => void = () => undefined;
  private skip: (text: string) => void = () => undefined;
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private started = false;
  private readonly settled = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));

  constructor() {
    this.settled.catch(() => undefined);
  }

  follow(title: (text: string) => void, skip: (text: string) => void): Promise<void> {
    this.title = title;
    this.skip = skip;
    return this.settled;
  }

  wait(text: string): void {
    this.title(text);
  }

  next({ state }: StageProgress, text: string): void {
    this.started = true;
    this.title(text);
    if (state === 'done') this.settle?.resolve();
    if (state === 'failed') this.settle?.reject(new Error(text));
  }

  end(text: string): void {
    if (!this.started) this.skip(text);
    this.settle?.resolve();
  }
}
