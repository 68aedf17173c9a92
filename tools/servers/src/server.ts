import type { PortPool } from './port';
import type { ProcessSpec, Supervised } from './supervised';

/** What every server needs to be found and started. */
export interface ServerContext {
  /** Folder of data and logs. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ports: PortPool;
  /** false: data may be lost on a power cut, as in tests. */
  readonly durable: boolean;
  /** One line of progress. */
  readonly say: (text: string) => void;
  /** Makes a process one of the supervisor's. */
  readonly supervise: (spec: ProcessSpec) => Supervised;
  /** Aborted when the platform stops while it is still starting. */
  readonly signal: AbortSignal;
}

/** How a running server came to be, for people: "given", "docker postgres:18", or the program's path. */
export interface RunningServer {
  readonly how: string;
}
