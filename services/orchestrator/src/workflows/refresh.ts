import { CancellationScope, continueAsNew, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import type { WeirError } from '@weir/core';
import { asRun, settle } from './ending';
import { fieldsOf, toApplicationFailure } from './failure';
import { Hand } from './hand';
import { progressQuery, refreshDone, refreshRequested, type RefreshReply } from './messages';
import { publish } from './pipeline-run';
import { Progress } from './progress';
import { parseRefreshInput, type RefreshRequest } from './request';
import type { Steps } from './steps';

/** What one rebuild of the history models reached. */
interface Rebuilt {
  readonly covers: number;
  readonly snapshot: number;
  readonly rows: number;
}

/**
 * Rebuilds a pipeline's history models from its newest snapshot, in a run of its own. There is one such workflow per
 * pipeline, `refresh/<pipeline>`; runs ask for it by signal-with-start. Requests that arrive while a rebuild is at work
 * share the next one, which is the next execution in the chain and so the next run.
 */
export async function refresh(input: unknown): Promise<void> {
  const progress = new Progress();
  const waiting = new Waiting();
  setHandler(progressQuery, () => progress.view());
  setHandler(refreshRequested, (request) => waiting.add(request));
  const { pipeline, waiting: inherited } = checked(input);
  inherited?.forEach((request) => waiting.add(request));

  const outcome = await settle(asRun(new Hand(progress), progress, (steps) => rebuild(steps, pipeline, waiting)));
  // Waiting runs get their answer even when this refresh was cancelled.
  await CancellationScope.nonCancellable(() => waiting.answer(outcome.ok ? outcome.value : outcome.error));
  const late = waiting.late();
  if (late.length > 0) await CancellationScope.nonCancellable(() => continueAsNew<typeof refresh>({ pipeline, waiting: late }));
  if (!outcome.ok) throw outcome.failure;
}

async function rebuild(steps: Steps, pipeline: string, waiting: Waiting): Promise<Rebuilt> {
  const run = await steps.begin({ pipeline, kind: 'refresh' });
  const covers = run.begun.snapshot;
  waiting.take(covers);
  const { ref, policy } = run;
  const { staged } = await steps.step('transform', policy, (a, attempt) => a.transform({ run: ref, attempt, scope: 'history', snapshot: covers, upstream: run.begun.upstream }));
  const { judgement } = await steps.step('audit', policy, (a, attempt) => a.audit({ run: ref, attempt, staged }));
  steps.progress.judged(judgement);
  return { covers, snapshot: await publish(steps, run, [staged]), rows: staged.rows };
}

function checked(input: unknown): ReturnType<typeof parseRefreshInput> {
  try {
    return parseRefreshInput(input);
  } catch (error) {
    throw toApplicationFailure(error as WeirError);
  }
}

/** The runs that wait, by run id: those of the rebuild at work, and those that came too late for it. */
class Waiting {
  private readonly asked = new Map<string, RefreshRequest>();
  private taken: ReadonlyMap<string, RefreshRequest> | undefined;

  /** A request that is at work already is the same request, asked again. */
  add(request: RefreshRequest): void {
    if (!this.taken?.has(request.runId)) this.asked.set(request.runId, request);
  }

  /** Fixes whom the rebuild at work answers: everyone whose snapshot it reads. */
  take(covers: number): void {
    this.taken = new Map([...this.asked].filter(([, request]) => request.snapshot <= covers));
    for (const runId of this.taken.keys()) this.asked.delete(runId);
  }

  /** A rebuild that failed before it knew its snapshot, or was cancelled, answers everyone who asked. */
  async answer(end: Rebuilt | WeirError): Promise<void> {
    const taken = [...(this.taken?.values() ?? [])];
    if (!this.taken || ('code' in end && end.code === 'CANCELLED')) {
      taken.push(...this.asked.values());
      this.asked.clear();
    }
    await Promise.all(taken.map((request) => reply(request, end)));
  }

  late(): RefreshRequest[] {
    return [...this.asked.values()];
  }
}

async function reply(request: RefreshRequest, end: Rebuilt | WeirError): Promise<void> {
  const message: RefreshReply = 'code' in end ? { covers: request.snapshot, error: fieldsOf(end) } : end;
  // A run that was closed meanwhile needs no answer.
  await settle(getExternalWorkflowHandle(request.workflowId, request.runId).signal(refreshDone, message));
}
