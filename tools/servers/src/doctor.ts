import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, runCommand } from './command';
import { dockerAnswers } from './find';
import { cacheHome, ROOT, weirHome } from './home';
import { look as lookForJaeger } from './jaeger';
import { lookForJava, type Java } from './java';
import { lookForKafka } from './kafka-programs';
import { isFree } from './port';
import { lookForPostgres } from './postgres-programs';
import { lookForRegistry } from './registry-programs';
import { platformStatus } from './status';
import { look as lookForTemporal } from './temporal';
import { OLDEST_JAVA, OLDEST_POSTGRES, PORTS, VERSIONS } from './versions';

export interface Finding {
  readonly name: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do; absent when all is well. */
  readonly fix?: string;
}

const GIGABYTE = 1024 ** 3;

/** Looks at everything that a start needs, side by side. Nothing is changed; `fail` = the platform cannot start. */
export async function diagnose(): Promise<Finding[]> {
  const [docker, go, postgres] = [await dockerAnswers(), await goVersion(), await lookForPostgres()];
  const toBuildWith = { docker, go };
  return [
    nodeFinding(),
    { name: 'npm packages', verdict: 'ok', text: `installed in ${join(ROOT, 'node_modules')}` },
    goFinding(go, docker),
    { name: 'Docker', verdict: 'ok', text: docker ? 'the engine answers' : 'the engine does not answer; servers run natively' },
    postgresFinding(postgres),
    serverFinding('Temporal', VERSIONS.temporal, lookForTemporal(), 3, toBuildWith),
    serverFinding('Jaeger', VERSIONS.jaeger, lookForJaeger(), 5, toBuildWith),
    javaFinding(lookForJava(0), docker),
    mavenFinding(onPath('mvn'), docker),
    fetchedFinding('Kafka', VERSIONS.kafka, lookForKafka()?.lib, docker),
    fetchedFinding('registry', VERSIONS.registry, lookForRegistry(false)?.folder, docker),
    folderFinding('cache', cacheHome()),
    folderFinding('home', weirHome()),
    diskFinding(weirHome()),
    await portsFinding(),
  ];
}

function nodeFinding(): Finding {
  // The launcher has refused older versions before this code could run.
  return { name: 'Node', verdict: 'ok', text: process.versions.node };
}

async function goVersion(): Promise<string | undefined> {
  if (!onPath('go')) return undefined;
  const { output } = await runCommand('go', ['env', 'GOVERSION'], { timeoutMs: 10_000 });
  return /go(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
}

function goFinding(version: string | undefined, docker: boolean): Finding {
  if (version) return { name: 'Go', verdict: 'ok', text: version };
  const text = 'not installed; it builds Temporal and Jaeger where Docker is absent';
  return docker ? { name: 'Go', verdict: 'ok', text } : { name: 'Go', verdict: 'warn', text, fix: 'Install Go 1.26 (go.dev/dl), or Docker.' };
}

function postgresFinding(found: { folder: string; major: number } | undefined): Finding {
  return { name: 'Postgres', verdict: 'ok', text: found ? `${found.major} in ${found.folder}` : `none of version ${OLDEST_POSTGRES} or newer; Docker's or the npm packages' ${VERSIONS.postgres} is used` };
}

function serverFinding(name: string, version: string, found: string | undefined, minutes: number, { docker, go }: { docker: boolean; go: string | undefined }): Finding {
  if (found) return { name, verdict: 'ok', text: found };
  if (docker) return { name, verdict: 'ok', text: `${version}, from Docker` };
  if (go) return { name, verdict: 'warn', text: `not there; the next start builds ${version}, about ${minutes} min, once`, fix: 'Nothing; or `weir up --detach` now.' };
  // Runs work without Jaeger, only their traces are missing.
  return { name, verdict: name === 'Jaeger' ? 'warn' : 'fail', text: 'not there, and neither Docker nor Go to get it with', fix: 'Install Docker (docs.docker.com/get-docker) or Go 1.26 (go.dev/dl).' };
}

/** Of what only pipelines of streams need, nothing that is missing keeps the platform from starting. */
const STREAMS = 'Kafka and the schema registry, which pipelines of streams need, run on it where Docker is absent';

function javaFinding(java: Java | undefined, docker: boolean): Finding {
  if (java && (java.major >= OLDEST_JAVA.registry || docker)) return { name: 'Java', verdict: 'ok', text: `${java.version} (${java.program})` };
  const fix = `Install Java ${OLDEST_JAVA.registry} or newer (adoptium.net), or Docker, before a pipeline reads from Kafka.`;
  if (java) return { name: 'Java', verdict: 'warn', text: `${java.version} (${java.program}); Kafka needs ${OLDEST_JAVA.kafka}, the schema registry ${OLDEST_JAVA.registry}`, fix };
  return docker ? { name: 'Java', verdict: 'ok', text: `not installed; ${STREAMS}` } : { name: 'Java', verdict: 'warn', text: `not installed; ${STREAMS}`, fix };
}

function mavenFinding(maven: string | undefined, docker: boolean): Finding {
  if (maven) return { name: 'Maven', verdict: 'ok', text: maven };
  const text = 'not installed; it fetches Kafka and the schema registry where Docker is absent';
  return docker ? { name: 'Maven', verdict: 'ok', text } : { name: 'Maven', verdict: 'warn', text, fix: 'Install Maven (maven.apache.org/install.html), or Docker, before a pipeline reads from Kafka.' };
}

function fetchedFinding(name: string, version: string, found: string | undefined, docker: boolean): Finding {
  if (found) return { name, verdict: 'ok', text: found };
  return { name, verdict: 'ok', text: `${version}, ${docker ? 'from Docker' : 'fetched with Maven'} when a pipeline first needs it` };
}

function folderFinding(name: string, folder: string): Finding {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return { name, verdict: 'ok', text: folder };
  } catch (error) {
    return { name, verdict: 'fail', text: `${folder}: ${error instanceof Error ? error.message : String(error)}`, fix: name === 'cache' ? 'Make it writable, or set XDG_CACHE_HOME.' : 'Make it writable, or set WEIR_HOME.' };
  }
}

function diskFinding(folder: string): Finding {
  if (!existsSync(folder)) return { name: 'disk', verdict: 'ok', text: 'not looked at' };
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / GIGABYTE;
  const text = `${free.toFixed(1)} GB free`;
  if (free < 1) return { name: 'disk', verdict: 'fail', text, fix: 'Free at least 2 GB.' };
  return free < 3 ? { name: 'disk', verdict: 'warn', text, fix: 'The first start needs about 2 GB to build servers.' } : { name: 'disk', verdict: 'ok', text };
}

async function portsFinding(): Promise<Finding> {
  const running = await platformStatus();
  if (running.kind === 'running') return { name: 'ports', verdict: 'ok', text: 'the platform runs' };
  const taken: string[] = [];
  for (const [name, port] of Object.entries(PORTS)) if (!(await isFree(port))) taken.push(`${port} (${name})`);
  if (taken.length === 0) return { name: 'ports', verdict: 'ok', text: 'all free' };
  return { name: 'ports', verdict: 'warn', text: `in use: ${taken.join(', ')}`, fix: 'Nothing: the next free ones are taken, `weir status` tells which.' };
}
