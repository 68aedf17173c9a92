import { setTimeout as sleep } from 'node:timers/promises';
import type { BackfillProgress } from '@weir/orchestrator';
import { print } from '../output';
import { Redraw } from '../redraw';
import { query, type Temporal } from '../temporal';
import { instant } from './plan-lines';
import { paceWords, progressLines, settled, tallyWords } from './progress-lines';

const POLL_MS = 1_000;

/** Shows an open backfill until it has ended: live in a terminal, else a line for each change. */
export async function watchBackfill(temporal: Temporal, workflowId: string): Promise<void> {
  const view = process.stdout.isTTY ? new LiveView(workflowId) : new LineView();
  const ended = { value: false };
  const end = untilClosed(temporal, workflowId).finally(() => (ended.value = true));
  try {
    while (!ended.value) {
      const progress = await query<BackfillProgress>(temporal, { workflowId }, 'progress');
      if (progress) view.show(progress, Date.now());
      await Promise.race([end, sleep(POLL_MS)]);
    }
    await end;
  } finally {
    view.close();
  }
}

/** Resolves when the backfill is closed, however it ended. */
export async function untilClosed({ asking }: Temporal, workflowId: string): Promise<void> {
  await asking.workflow.getHandle(workflowId).result().catch((error: unknown) => {
    // How it ended is in metadata's record.
    if (!(error instanceof Error) || error.name !== 'WorkflowFailedError') throw error;
  });
}

interface View {
  show(progress: BackfillProgress, now: number): void;
  close(): void;
}

class LiveView implements View {
  private readonly picture = new Redraw(process.stdout);

  constructor(private readonly workflowId: string) {}

  show(progress: BackfillProgress, now: number): void {
    this.picture.show(progressLines(this.workflowId, progress, now));
  }

  close(): void {
    this.picture.close();
  }
}

class LineView implements View {
  private said = '';

  show(progress: BackfillProgress, now: number): void {
    const line = changeLine(progress, now, this.said);
    if (line === undefined) return;
    this.said = changeKey(progress);
    print(line);
  }

  close(): void {
    // Lines stay.
  }
}

/** What makes a new line: another state, or intervals that ended. */
export function changeKey(progress: BackfillProgress): string {
  return `${progress.state} ${settled(progress)} of ${progress.selected}`;
}

/** The line for what changed since the key that was said last; undefined when nothing did. */
export function changeLine(progress: BackfillProgress, now: number, said: string): string | undefined {
  if (changeKey(progress) === said) return undefined;
  const { state, failures } = progress;
  const newest = failures[0];
  return `  ${state.padEnd(10)} ${tallyWords(progress)}, ${paceWords(progress, now)}${newest ? `, last failure ${instant(newest.start)} ${newest.code}` : ''}`;
}
