import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a process and those it started have used since they began. */
export interface Usage {
  /** CPU seconds, user and system. */
  readonly cpu: number;
  /** Highest resident memory of any one of its processes, bytes. */
  readonly peak: number;
}

// USER_HZ: fixed at 100 on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;
// Fields of /proc/<pid>/stat, counted from the state that follows the command.
const PARENT = 1;
const CPU_FIELDS = [11, 12];
const ENDED_CHILDREN_FIELDS = [13, 14];

/** Usage of a process with all its descendants, ended ones included; zeros once it is gone. Linux only. */
export function usageOf(pid: number): Usage {
  const stats = allStats();
  const family = descendants(pid, stats);
  const ended = fields(stats.get(pid), ENDED_CHILDREN_FIELDS);
  const cpu = family.reduce((sum, member) => sum + fields(stats.get(member), CPU_FIELDS), ended) / TICKS_PER_SECOND;
  return { cpu, peak: Math.max(0, ...family.map((member) => statusOf(member, 'VmHWM'))) };
}

/** Resident memory of a process with all its descendants, bytes; 0 once it is gone. Linux only. */
export function residentOf(pid: number): number {
  return descendants(pid, allStats()).reduce((sum, member) => sum + statusOf(member, 'VmRSS'), 0);
}

/** Lets the peaks of a process and its descendants count from now on; where the system does not allow it they count from their start. Linux only. */
export function forgetPeak(pid: number): void {
  for (const member of descendants(pid, allStats())) {
    try {
      writeFileSync(`/proc/${member}/clear_refs`, '5');
    } catch {
      // Of another user, or gone.
    }
  }
}

function allStats(): Map<number, string[]> {
  const stats = new Map<number, string[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The command may hold spaces and parentheses: count from its end.
    if (stat) stats.set(Number(name), stat.slice(stat.lastIndexOf(')') + 2).split(' '));
  }
  return stats;
}

function descendants(pid: number, stats: ReadonlyMap<number, string[]>): number[] {
  if (!stats.has(pid)) return [];
  const children = [...stats].filter(([, stat]) => Number(stat[PARENT]) === pid).map(([child]) => child);
  return [pid, ...children.flatMap((child) => descendants(child, stats))];
}

function fields(stat: string[] | undefined, indexes: readonly number[]): number {
  return indexes.reduce((sum, index) => sum + Number(stat?.[index] ?? 0), 0);
}

/** A field of /proc/<pid>/status, bytes. */
function statusOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(kib ?? 0) * 1024;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
