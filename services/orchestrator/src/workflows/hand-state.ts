import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from './search-attributes';

/** Whether a run goes on by itself, or waits for a person. */
export type RunState = 'running' | 'paused' | 'approval';

/** A hand that somebody put on a run, RFC 3339; empty texts where they did not say. */
export interface HandView {
  readonly since: string;
  readonly reason: string;
  readonly by: string;
}

/** What people did to a run and what it waits for; the search attribute follows it. */
export class HandState {
  private paused: HandView | undefined;
  private asking = false;
  private approved: HandView | undefined;
  private cancelled: HandView | undefined;

  /** A pause hides that the run also waits for an approval. */
  state(): RunState {
    if (this.paused) return 'paused';
    return this.asking ? 'approval' : 'running';
  }

  /** `hand`: who paused or cancelled the run, while that holds. */
  view(): { readonly state: RunState; readonly hand: HandView | undefined; readonly approval: HandView | undefined } {
    return { state: this.state(), hand: this.cancelled ?? this.paused, approval: this.approved };
  }

  isPaused(): boolean {
    return this.paused !== undefined;
  }

  awaitsApproval(): boolean {
    return this.asking;
  }

  /** Whose update ends the run; undefined also when it was cancelled in another way. */
  cancelledBy(): HandView | undefined {
    return this.cancelled;
  }

  pause(hand: HandView): void {
    this.change(() => (this.paused = hand));
  }

  resume(): void {
    this.change(() => (this.paused = undefined));
  }

  askApproval(): void {
    this.change(() => (this.asking = true));
  }

  approve(hand: HandView): void {
    this.approved = hand;
    this.change(() => (this.asking = false));
  }

  cancel(hand: HandView): void {
    this.cancelled = hand;
  }

  /** Whatever the run waited for, it ends now. */
  close(): void {
    this.change(() => {
      this.paused = undefined;
      this.asking = false;
    });
  }

  private change(act: () => void): void {
    const before = this.state();
    act();
    if (this.state() !== before) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.state, value: this.state() }]);
  }
}
