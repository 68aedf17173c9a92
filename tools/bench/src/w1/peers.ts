import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from '@weir/servers';

/** A script of another tool that does the same job. */
export interface Peer {
  readonly name: string;
  readonly venv: string;
  readonly script: string;
  readonly args: readonly string[];
  /** Schema that it writes to. */
  readonly schema: string;
}

export const PEERS: readonly Peer[] = [
  { name: 'DuckDB and psql', venv: 'duck', script: 'w1_duckdb.py', args: [], schema: 'w1_duckdb' },
  { name: 'polars and COPY', venv: 'duck', script: 'w1_polars.py', args: [], schema: 'w1_polars' },
  { name: 'dlt with Arrow', venv: 'dlt', script: 'w1_dlt.py', args: ['--arrow'], schema: 'w1_dlt_arrow' },
  { name: 'pandas and Great Expectations', venv: 'ge', script: 'w1_pandas_ge.py', args: [], schema: 'w1_pandas' },
];

/** Of all scripts the only one that names its Postgres itself. */
const ELSEWHERE = { name: 'Spark', reason: 'w1_spark.py writes to 127.0.0.1:55432, not to this Postgres' };

/** Those that are installed, and why the others are not among them. */
export interface InstalledPeers {
  readonly home: string;
  readonly present: readonly Peer[];
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

/** Looks for the scripts and their Python environments in WEIR_PEERS_HOME. */
export function installedPeers(home = process.env['WEIR_PEERS_HOME'] ?? join(homedir(), '.cache/weir-peers')): InstalledPeers {
  const lacking = ({ venv, script }: Peer): string | undefined => [`venvs/${venv}/bin/python`, `scripts/${script}`].find((path) => !existsSync(join(home, path)));
  const found = PEERS.map((peer) => ({ peer, lacking: lacking(peer) }));
  return {
    home,
    present: found.filter((one) => one.lacking === undefined).map(({ peer }) => peer),
    absent: [...found.flatMap((one) => (one.lacking === undefined ? [] : [{ name: one.peer.name, reason: `there is no ${one.lacking} in ${home}` }])), ELSEWHERE],
  };
}

/** What a script says of itself at its end, seconds. */
interface Phases {
  readonly phases: { readonly verify?: number };
}

/**
 * Runs a peer's script over a file, into empty tables. Gives the seconds that it spent verifying them, which are not part of the job. Throws with its last words when it fails, which it
 * does when what it made is not right.
 */
export async function runPeer(home: string, { venv, script, args }: Peer, file: string, { user, password, host, port, database }: Account, niceness: number): Promise<number> {
  const dsn = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], PEERS_HOME: home, BENCH_DSN: dsn };
  const command = [join(home, 'venvs', venv, 'bin/python'), join(home, 'scripts', script), file, ...args];
  const { stdout } = await promisify(execFile)('nice', ['-n', String(niceness), ...command], { env, maxBuffer: 1 << 24 }).catch((error: unknown) => {
    const words = String((error as { stderr?: unknown }).stderr).trimEnd().split('\n').slice(-3).join(' ').slice(0, 500);
    throw new Error(`${script} failed: ${words}`, { cause: error });
  });
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Phases).phases.verify ?? 0;
}
