import type { RunProgress } from '@weir/orchestrator';
import { RunStatus, type Run } from '@weir/rpc';
import { colour } from './output';
import { withTemporal, type TemporalAddress } from './temporal';
import { lasting } from './time-words';

/** What an open run waits for: a person that resumes it, or one that approves it. */
export type WaitState = Exclude<RunProgress['state'], 'running'>;

/** Run ids of open runs that wait for a person, and for what, by one question; undefined when Temporal does not answer. Lags behind by a second or so. */
export async function waitStates(address: TemporalAddress, runs: readonly Run[]): Promise<ReadonlyMap<string, WaitState> | undefined> {
  const open = runs.filter(({ status }) => status === RunStatus.RUNNING);
  if (open.length === 0) return new Map();
  try {
    return await withTemporal(address, async ({ asking }) => {
      const wanted = new Set(open.map(({ runId }) => runId));
      const found = new Map<string, WaitState>();
      for await (const { runId, searchAttributes } of asking.workflow.list({ query: 'WeirState in ("paused", "approval") and ExecutionStatus = "Running"' })) {
        const state = searchAttributes['WeirState']?.[0];
        if (wanted.has(runId) && (state === 'paused' || state === 'approval')) found.set(runId, state);
      }
      return found;
    });
  } catch {
    return undefined;
  }
}

/** `paused`, `waits for approval`. */
export function waitWord(state: WaitState): string {
  return state === 'paused' ? 'paused' : 'waits for approval';
}

/** What an open run waits for, since when, why and by whom, and the command that lets it go on; nothing when it is at work. `now` is milliseconds since 1970. */
export function handLines({ state, hand, approval, verdict, stages }: RunProgress, runId: string, now: number): string[] {
  const lines: string[] = [];
  if (state === 'paused') lines.push(`  ${colour.doubt('paused')}${hand ? given(hand, now) : ''}; weir runs resume ${runId}`);
  else if (state === 'approval') lines.push(`  ${colour.doubt('waits for approval')}, its verdict is ${verdict ?? 'a warning'}: nothing is published until \`weir runs approve ${runId}\``);
  else if (hand) lines.push(`  ${colour.doubt('is being cancelled')}${given(hand, now)}`);
  if (approval) lines.push(`  approved${given(approval, now)}`);
  const waiting = stages.find((stage) => stage.state === 'waiting');
  if (waiting && state === 'running') lines.push(`  ${waiting.stage} waits for attempt ${waiting.attempts + 1} after ${colour.bad(waiting.code ?? 'a failure')}; \`weir runs retry ${runId}\` starts it now`);
  return lines;
}

function given({ since, reason, by }: { since: string; reason: string; by: string }, now: number): string {
  return ` ${lasting(now - Date.parse(since))} ago${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : ''}`;
}
