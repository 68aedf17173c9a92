import { CancellationScope, ChildWorkflowCancellationType, ParentClosePolicy, condition, startChild, type ChildWorkflowHandle } from '@temporalio/workflow';
import { LIVE_PRIORITY } from './agreement';
import { settle } from './ending';
import { archiveAsked, type ArchiveAsk, type ArchiveReport } from './messages';
import { SEARCH_ATTRIBUTES } from './search-attributes';
import type { streamArchive } from './stream-archive';
import type { StreamArchiveView } from './stream-progress';

/** Before an archive that ended by itself, or could not be started, is started again; doubled up to the longest. */
const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 10 * 60_000;

/** An archive that does not end in this time after its cancellation is left to end by itself. */
const CANCEL_MS = 60_000;

/** A stream's hand on its archive, which is a child: started with the stream, told to rest with it, ended with it, and started again when it ends by itself. */
export class ArchiveChild {
  private readonly workflowId: string;
  private handle: ChildWorkflowHandle<typeof streamArchive> | undefined;
  private scope: CancellationScope | undefined;
  private asked: ArchiveAsk = { word: 'follow' };
  /** What the child was told last. */
  private sent: ArchiveAsk | undefined;
  private sending = false;
  private report: ArchiveReport | undefined;
  private ending = false;
  private ended = false;
  /** Whether it ended with all that the topic had. */
  private caughtUp = false;

  constructor(private readonly pipeline: string) {
    this.workflowId = `archive/${pipeline}`;
  }

  /** Starts it, and from now on keeps it at work; has it follow the topic where it rests. */
  start(skipLost: boolean): void {
    if (this.asked.word !== 'follow' || skipLost) this.ask({ word: 'follow', skipLost });
    if (this.scope) return;
    const scope = new CancellationScope();
    this.scope = scope;
    void CancellationScope.nonCancellable(async () => {
      await settle(scope.run(() => this.keep()));
      this.ended = true;
    });
  }

  ask(ask: ArchiveAsk): void {
    this.asked = ask;
    void this.send();
  }

  told(report: ArchiveReport): void {
    this.report = report;
  }

  /** Whether it waits for a person. */
  waits(): boolean {
    return this.report?.state === 'lost';
  }

  view(): StreamArchiveView {
    return { workflowId: this.workflowId, state: this.report?.state ?? 'none', error: this.report?.error };
  }

  /** Has it catch up and end; false when it could not, when that takes longer than it may, or when `hurry` says so. True where it never began. */
  async finish(timeoutMs: number, hurry: () => boolean): Promise<boolean> {
    if (!this.scope) return true;
    if (this.ending) return false;
    this.ending = true;
    this.ask({ word: 'finish' });
    await condition(() => this.ended || hurry(), timeoutMs);
    return this.caughtUp;
  }

  /** Cancels it, and what it does, and waits until both have ended. */
  async cancel(): Promise<void> {
    this.ending = true;
    this.scope?.cancel();
    if (this.scope) await CancellationScope.nonCancellable(() => condition(() => this.ended, CANCEL_MS));
  }

  private async keep(): Promise<void> {
    for (let delay = FIRST_DELAY_MS; !this.ending; delay = Math.min(delay * 2, LONGEST_DELAY_MS)) {
      const began = Date.now();
      await settle(this.once());
      this.report = undefined;
      if (Date.now() - began > LONGEST_DELAY_MS) delay = FIRST_DELAY_MS;
      await condition(() => this.ending, delay);
    }
  }

  private async once(): Promise<void> {
    const handle = await startChild<typeof streamArchive>('streamArchive', {
      workflowId: this.workflowId,
      args: [{ pipeline: this.pipeline }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      priority: { priorityKey: LIVE_PRIORITY, fairnessKey: this.pipeline },
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.pipeline, value: this.pipeline }],
    });
    this.handle = handle;
    this.report = { state: 'following' };
    // It begins as if this had been asked.
    this.sent = this.asked.word === 'follow' && !this.asked.skipLost ? this.asked : undefined;
    void this.send();
    try {
      this.caughtUp = (await handle.result()).caughtUp;
    } finally {
      this.handle = undefined;
    }
  }

  /** Tells the child what was asked last. One signal at a time: Temporal may turn round two that are on their way. */
  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    for (let { handle, asked } = this; handle && this.sent !== asked; { handle, asked } = this) {
      const [child, ask] = [handle, asked];
      // One that ended meanwhile needs no word.
      await CancellationScope.nonCancellable(() => settle(child.signal(archiveAsked, ask)));
      if (this.handle === child) this.sent = ask;
    }
    this.sending = false;
  }
}
