import { Listr, type ListrTask } from 'listr2';
import { STEPS, type Report, type Step, type StepEvent } from '@weir/servers';
import { colour, print } from './output';

/** Shows the steps of a start while they run. */
export interface Progress {
  readonly report: Report;
  /** Ends the display; call it before anything else is printed. */
  close(): Promise<void>;
}

/**
 * Live lines in a terminal, one for each of `steps`; elsewhere one line per event with the seconds since the start. `quiet` shows nothing, for --json.
 */
export function showProgress(quiet = false, steps: readonly Step[] = STEPS): Progress {
  if (quiet) return { report: () => undefined, close: async () => undefined };
  return process.stdout.isTTY ? live(steps) : plain();
}

function plain(): Progress {
  const started = performance.now();
  const last = new Map<Step, string>();
  return {
    report: ({ step, state, text }) => {
      const line = `${step.padEnd(9)} ${state === 'running' ? text : `${WORDS[state]} ${text}`}`;
      if (last.get(step) === line) return;
      last.set(step, line);
      print(`  ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
    },
    close: async () => undefined,
  };
}

const WORDS = { done: 'ready:', failed: 'failed:', later: 'later:' } as const;

function live(steps: readonly Step[]): Progress {
  const started = performance.now();
  const tracks = new Map(steps.map((step) => [step, new Track()] as const));
  const tasks = steps.map((step): ListrTask => ({ title: title({ step, state: 'running', text: 'waiting' }), task: (_context, task) => tracks.get(step)?.follow((event) => (task.title = title(event, started))) }));
  const shown = new Listr(tasks, { concurrent: true, exitOnError: false, registerSignalListeners: false, rendererOptions: { collapseErrors: false, showErrorMessage: false } }).run();
  return {
    report: (event) => tracks.get(event.step)?.next(event),
    close: async () => {
      for (const track of tracks.values()) track.end();
      await shown;
    },
  };
}

function title({ step, state, text }: StepEvent, started?: number): string {
  const seconds = started === undefined || state === 'running' ? '' : colour.faint(` ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return `${step.padEnd(9)} ${colour.faint(text)}${seconds}`;
}

/** The events of one step, from whoever reports them to the one line that shows them. */
class Track {
  private show: (event: StepEvent) => void = () => undefined;
  private last: StepEvent | undefined;
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private readonly settled = new Promise<void>((resolve, reject) => (this.settle = { resolve, reject }));

  constructor() {
    this.settled.catch(() => undefined);
  }

  follow(show: (event: StepEvent) => void): Promise<void> {
    this.show = show;
    // The list may show a line only after its first events.
    if (this.last) show(this.last);
    return this.settled;
  }

  next(event: StepEvent): void {
    this.last = event;
    this.show(event);
    if (event.state === 'failed') this.settle?.reject(new Error(event.text));
    else if (event.state !== 'running') this.settle?.resolve();
  }

  end(): void {
    this.settle?.resolve();
  }
}
