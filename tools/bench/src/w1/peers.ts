import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
  /** What it needs besides, under the same home. */
  readonly needs?: string;
  /** How the script names the Postgres that it was written for, where it does not ask for one. */
  readonly writesTo?: string;
}

export const PEERS: readonly Peer[] = [
  { name: 'DuckDB and psql', venv: 'duck', script: 'w1_duckdb.py', args: [], schema: 'w1_duckdb' },
  { name: 'polars and COPY', venv: 'duck', script: 'w1_polars.py', args: [], schema: 'w1_polars' },
  { name: 'dlt with Arrow', venv: 'dlt', script: 'w1_dlt.py', args: ['--arrow'], schema: 'w1_dlt_arrow' },
  { name: 'pandas and Great Expectations', venv: 'ge', script: 'w1_pandas_ge.py', args: [], schema: 'w1_pandas' },
  { name: 'Spark', venv: 'spark', script: 'w1_spark.py', args: [], schema: 'w1_spark', needs: 'jars/postgresql-42.7.4.jar', writesTo: '127.0.0.1:55432/bench?user=bench' },
];

/** Those that are installed, and why the others are not among them. */
export interface InstalledPeers {
  readonly home: string;
  readonly present: readonly Peer[];
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

/** Looks for the scripts and their Python environments in WEIR_PEERS_HOME. */
export function installedPeers(home = process.env['WEIR_PEERS_HOME'] ?? join(homedir(), '.cache/weir-peers')): InstalledPeers {
  const lacking = ({ venv, script, needs = '.' }: Peer): string | undefined => [`venvs/${venv}/bin/python`, `scripts/${script}`, needs].find((path) => !existsSync(join(home, path)));
  const found = PEERS.map((peer) => ({ peer, lacking: lacking(peer) }));
  return {
    home,
    present: found.filter((one) => one.lacking === undefined).map(({ peer }) => peer),
    absent: found.flatMap((one) => (one.lacking === undefined ? [] : [{ name: one.peer.name, reason: `there is no ${one.lacking} in ${home}` }])),
  };
}

/** What a script says of itself at its end, seconds. */
interface Phases {
  readonly phases: { readonly verify?: number };
}

/**
 * Runs a peer's script over a file, into empty tables; `scratch` is a folder for what is made for it. Gives the seconds that it spent verifying them, which are not part of the job. Throws with its last words when it
 * fails, which it does when what it made is not right.
 */
export async function runPeer({ home, scratch, niceness }: PeerOptions, peer: Peer, file: string, account: Account): Promise<number> {
  const { user, password, host, port, database } = account;
  const dsn = `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONPATH: join(home, 'scripts'), PEERS_HOME: home, BENCH_DSN: dsn };
  const command = [join(home, 'venvs', peer.venv, 'bin/python'), writtenFor(account, peer, join(home, 'scripts', peer.script), scratch), file, ...peer.args];
  const { stdout } = await promisify(execFile)('nice', ['-n', String(niceness), ...command], { env, maxBuffer: 1 << 24 }).catch((error: unknown) => {
    const words = String((error as { stderr?: unknown }).stderr).trimEnd().split('\n').slice(-3).join(' ').slice(0, 500);
    throw new Error(`${peer.script} failed: ${words}`, { cause: error });
  });
  return (JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Phases).phases.verify ?? 0;
}

export interface PeerOptions {
  readonly home: string;
  readonly scratch: string;
  readonly niceness: number;
}

/** The script itself, or a copy of it that writes to the Postgres of the bench. */
function writtenFor({ user, password, host, port, database }: Account, { writesTo, script }: Peer, path: string, scratch: string): string {
  if (writesTo === undefined) return path;
  const copy = join(scratch, script);
  const text = readFileSync(path, 'utf8').replaceAll(writesTo, `${host}:${port}/${database}?user=${user}&password=${encodeURIComponent(password)}`);
  writeFileSync(copy, text, { mode: 0o600 });
  return copy;
}
