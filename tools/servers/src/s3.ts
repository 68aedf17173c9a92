import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, onPath } from './command';
import { container } from './container';
import { findServer, preference } from './find';
import { goBuild } from './go-build';
import { isOk } from './health';
import { cacheHome } from './home';
import { portOf } from './port';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { TEST_IMAGES, VERSIONS } from './versions';

const START_MS = 60_000;
const HEALTH = '/health';

export interface S3Plan {
  /** host:port of the S3 API; region us-east-1, without TLS. */
  readonly address: string;
  /** Of the account that may do everything. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Chooses the address and makes up the keys of an S3 server for tests; the platform itself has none. */
export async function planS3({ ports }: ServerContext): Promise<S3Plan> {
  return { address: `127.0.0.1:${await ports.choose('s3')}`, accessKeyId: 'WEIRTEST', secretAccessKey: randomBytes(18).toString('base64url') };
}

/** Finds or builds the S3 server (minutes, once), starts it with no bucket and returns once it answers. The order of origins: PATH or cache → Docker → built with Go. */
export async function startS3(context: ServerContext, plan: S3Plan): Promise<RunningServer> {
  const origin = await findServer(preference(context.env), { name: 's3', look: async () => look(), build: () => build(context) });
  const spec = origin.kind === 'docker' ? inDocker(context, plan) : natively(context, plan, origin.found);
  context.say('starting');
  await context.supervise(spec).start(origin.kind === 'docker' ? START_MS * 5 : START_MS);
  return { how: origin.kind === 'docker' ? `docker ${TEST_IMAGES.s3}` : origin.found };
}

function cached(): string {
  return join(cacheHome(), 'bin', `versitygw-${VERSIONS.s3}`);
}

function look(): string | undefined {
  return isExecutable(cached()) ? cached() : onPath('versitygw');
}

function build({ say, signal }: ServerContext): Promise<string> {
  return goBuild({
    title: `the S3 server versitygw ${VERSIONS.s3}`,
    place: 's3',
    minutes: 2,
    target: cached(),
    program: 'versitygw',
    args: () => ['install', `github.com/versity/versitygw/cmd/versitygw@v${VERSIONS.s3}`],
    env: (folder) => ({ GOBIN: folder }),
    say,
    signal,
  });
}

function natively({ home }: ServerContext, plan: S3Plan, program: string): ProcessSpec {
  const [data, about, accounts] = ['data', 'about', 'accounts'].map((name) => join(home, 's3', name)) as [string, string, string];
  for (const folder of [data, about, accounts]) mkdirSync(folder, { recursive: true });
  // What objects have besides their bytes goes to a folder beside them: not every file system has extended attributes.
  return { ...common(home, plan), command: program, args: serve(plan.address, accounts, ['--sidecar', about, data]), env: { ...process.env, ...keys(plan) } };
}

function inDocker({ home }: ServerContext, plan: S3Plan): ProcessSpec {
  const { command, args, cleanUp } = container({
    server: 's3',
    home,
    image: TEST_IMAGES.s3,
    ports: [[portOf(plan.address), 7070]],
    // By name only: the values come from the environment, so that no key stands in a process list.
    options: Object.keys(keys(plan)).flatMap((name) => ['--env', name]),
    // The image has both folders; its file system has no unnamed files.
    command: serve(':7070', '/tmp/vgw', ['--disableotmp', '/mnt']),
  });
  return { ...common(home, plan), command, args, cleanUp, env: { ...process.env, ...keys(plan) } };
}

/** The server's arguments. With a folder of accounts it refuses unknown keys in S3's own words. */
function serve(address: string, accounts: string, store: readonly string[]): string[] {
  return ['--quiet', '--keep-alive', '--port', address, '--health', HEALTH, '--iam-dir', accounts, 'posix', ...store];
}

function keys({ accessKeyId, secretAccessKey }: S3Plan): Record<string, string> {
  return { ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey };
}

function common(home: string, { address }: S3Plan): Pick<ProcessSpec, 'name' | 'logFile' | 'healthy'> {
  return { name: 's3', logFile: join(home, 'logs/s3.log'), healthy: () => isOk(`http://${address}${HEALTH}`) };
}
