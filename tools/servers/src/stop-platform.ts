import { weirHome } from './home';
import { isAlive, stopProcess } from './process-reference';
import { readState } from './state';
import { stopLeftovers } from './supervisor';

/** Long enough for a supervisor to let six services drain and three servers write all they hold. */
const GRACE_MS = 90_000;

export interface Stopped {
  /** Whether a supervisor ran. */
  readonly ran: boolean;
  /** What a crashed supervisor had left, stopped one by one. */
  readonly leftovers: readonly string[];
}

/** Stops the platform of `home`, or what a crash left of it. Returns once everything is gone. */
export async function stopPlatform(home: string = weirHome()): Promise<Stopped> {
  const state = readState(home);
  const ran = state !== undefined && isAlive(state.supervisor);
  if (ran) await stopProcess(state.supervisor, 'SIGTERM', GRACE_MS);
  return { ran, leftovers: await stopLeftovers(home, () => undefined) };
}
