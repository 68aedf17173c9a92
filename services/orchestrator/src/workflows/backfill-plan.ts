import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { WeirError } from '@weir/core';
import type { PlannedGrain, PlannedPage } from '../activities/plan-backfill';
import { settle } from './ending';
import { toApplicationFailure } from './failure';
import type { ReasonCounts } from './backfill-progress';
import { parseBackfillInput, type BackfillRequest } from './backfill-request';
import { DEFAULT_POLICY, UNATTENDED, runStage } from './stage';
import { within } from './steps';

/** Intervals in a page: a few kilobytes, and young enough when the last of them is taken. */
const PAGE = 200;

/** Intervals that a plan alone names. */
const SHOWN = 1_000;
const SHOWN_PAGE = 500;

/** What `backfillPlan` gives back. */
export interface BackfillPlan {
  readonly counts: ReasonCounts;
  readonly selected: number;
  /** The first 1,000 of those selected. */
  readonly intervals: readonly PlannedGrain[];
  readonly more: boolean;
  readonly definitionVersion: number;
}

/** Which intervals a backfill of this input would take now, and why. Starts nothing. */
export async function backfillPlan(input: unknown): Promise<BackfillPlan> {
  const request = checkedBackfill(input);
  const pages = new Pages(request, { backfill: '', compareSource: 'always', limit: SHOWN_PAGE });
  const intervals: PlannedGrain[] = [];
  const shown = await settle(
    (async () => {
      let page = await pages.fetch();
      intervals.push(...page.intervals);
      while (page.more && intervals.length < SHOWN) {
        page = await pages.fetch(intervals.at(-1)?.start);
        intervals.push(...page.intervals);
      }
      return page;
    })(),
  );
  if (!shown.ok) throw CancellationScope.current().consideredCancelled ? shown.failure : toApplicationFailure(shown.error);
  const { counts, selected, more, definitionVersion } = shown.value;
  return { counts, selected, intervals, more, definitionVersion };
}

/** The input of a backfill; a wrong one fails the workflow with its code. */
export function checkedBackfill(input: unknown): BackfillRequest {
  try {
    return parseBackfillInput(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

interface PageOptions {
  readonly backfill: string;
  readonly compareSource: 'always' | 'first' | 'never';
  readonly limit: number;
}

/** The intervals that a backfill takes, in order, a page at a time: the rest of the plan stays with metadata, and a cursor is all that is carried. */
export class Pages {
  private queue: PlannedGrain[] = [];
  private more = true;
  private sequence = false;

  /** `after`: start of the last interval that was taken. */
  constructor(
    private readonly request: BackfillRequest,
    private readonly options: PageOptions = backfillOptions(request),
    private after?: string,
  ) {}

  cursor(): string | undefined {
    return this.after;
  }

  /** Whether each interval waits for the one before it, by the last page: the source is read in sequence. */
  inSequence(): boolean {
    return this.sequence;
  }

  /** The next interval, planned when the page is used up; undefined when there are no more. Throws the plan's WeirError. */
  async peek(onPage: (page: PlannedPage) => void): Promise<PlannedGrain | undefined> {
    if (this.queue.length === 0 && this.more) {
      const page = await this.fetch(this.after);
      this.queue = [...page.intervals];
      this.more = page.more && page.intervals.length > 0;
      this.sequence = page.inSequence === true;
      onPage(page);
    }
    return this.queue[0];
  }

  /** Takes what `peek` gave. */
  take(): void {
    this.after = this.queue.shift()?.start ?? this.after;
  }

  /** After a pause the page is old: the next one is planned anew from the cursor on. */
  forget(): void {
    this.queue = [];
    this.more = true;
  }

  async fetch(after?: string): Promise<PlannedPage> {
    const { pipeline, interval, only, order } = this.request;
    const { backfill, limit, compareSource: when } = this.options;
    const compareSource = when === 'always' || (when === 'first' && after === undefined);
    return runStage(DEFAULT_POLICY, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).planBackfill({ pipeline, interval, only, order, after, backfill, limit, compareSource }));
  }
}

/** The source is asked only where it decides which intervals are taken, or, where all are, once for the counts. */
const COMPARED = { missing: 'never', failed: 'never', stale: 'always', all: 'first' } as const;

function backfillOptions({ only }: BackfillRequest): PageOptions {
  return { backfill: workflowInfo().workflowId, compareSource: COMPARED[only], limit: PAGE };
}
