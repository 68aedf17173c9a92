import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, onPath } from './command';
import { container } from './container';
import { findServer, preference } from './find';
import { goBuild } from './go-build';
import { isOk } from './health';
import { cacheHome, ROOT } from './home';
import { jaegerConfig } from './jaeger-config';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { IMAGES, VERSIONS } from './versions';

const START_MS = 60_000;

export interface JaegerPlan extends RunningServer {
  /** URL that takes OTLP over gRPC. */
  readonly otlp: string;
  /** URL of the query API; with the official image, of the web UI too. */
  readonly query: string;
  readonly ports: { readonly otlp: number; readonly otlpHttp: number; readonly grpc: number; readonly query: number } | undefined;
}

/**
 * Chooses the addresses, at once: services send spans there long before Jaeger answers. The order of origins:
 * WEIR_JAEGER_OTLP and WEIR_JAEGER_QUERY (URLs) → PATH or cache → Docker → built with Go.
 */
export async function planJaeger({ env, ports }: ServerContext): Promise<JaegerPlan> {
  const [otlp, query] = [env['WEIR_JAEGER_OTLP'], env['WEIR_JAEGER_QUERY']];
  if (otlp && query) return { otlp, query, ports: undefined, how: 'given' };
  const chosen = { otlp: await ports.choose('jaegerOtlp'), otlpHttp: await ports.choose('jaegerOtlpHttp'), grpc: await ports.choose('jaegerGrpc'), query: await ports.choose('jaegerQuery') };
  return { otlp: `http://127.0.0.1:${chosen.otlp}`, query: `http://127.0.0.1:${chosen.query}`, ports: chosen, how: '' };
}

/** Finds or builds Jaeger (minutes, once), starts it and returns once its query API answers. */
export async function startJaeger(context: ServerContext, plan: JaegerPlan): Promise<RunningServer> {
  if (!plan.ports) return { how: 'given' };
  const origin = await findServer(preference(context.env), { name: 'jaeger', look: async () => look(), build: () => build(context) });
  const spec = origin.kind === 'docker' ? inDocker(context, plan, plan.ports) : natively(context, plan, plan.ports, origin.found);
  context.say('starting');
  await context.supervise(spec).start(origin.kind === 'docker' ? START_MS * 5 : START_MS);
  return { how: origin.kind === 'docker' ? `docker ${IMAGES.jaeger}` : `${origin.found} (API, no web UI: \`weir runs trace\` draws)` };
}

/** Whether the query API answers. */
export function jaegerAnswers(query: string): Promise<boolean> {
  return isOk(`${query}/api/services`);
}

function cached(): string {
  return join(cacheHome(), 'bin', `jaeger-${VERSIONS.jaegerModule}`);
}

/** The program in the cache or on PATH; undefined when there is none. Jaeger 1 has other names, so `jaeger` is Jaeger 2. */
export function look(): string | undefined {
  return isExecutable(cached()) ? cached() : onPath('jaeger');
}

function build({ say, signal }: ServerContext): Promise<string> {
  return goBuild({
    title: `Jaeger ${VERSIONS.jaeger}`,
    place: 'jaeger',
    minutes: 5,
    target: cached(),
    program: 'jaeger',
    args: (output) => ['build', '-o', output, 'github.com/jaegertracing/jaeger/cmd/jaeger'],
    cwd: join(ROOT, 'tools/servers/jaeger'),
    say,
    signal,
  });
}

function natively({ home }: ServerContext, plan: JaegerPlan, ports: NonNullable<JaegerPlan['ports']>, program: string): ProcessSpec {
  const data = join(home, 'jaeger');
  mkdirSync(data, { recursive: true });
  const config = join(data, 'config.yaml');
  writeFileSync(config, jaegerConfig({ host: '127.0.0.1', data, ...ports }));
  return { ...common(home, plan), command: program, args: ['--config', config], env: process.env };
}

function inDocker({ home }: ServerContext, plan: JaegerPlan, ports: NonNullable<JaegerPlan['ports']>): ProcessSpec {
  const folder = join(home, 'jaeger');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config-docker.yaml');
  writeFileSync(config, jaegerConfig({ host: '0.0.0.0', data: '/data', otlp: 4317, otlpHttp: 4318, grpc: 16685, query: 16686 }));
  const { command, args, cleanUp } = container({
    server: 'jaeger',
    home,
    image: IMAGES.jaeger,
    ports: [
      [ports.otlp, 4317],
      [ports.otlpHttp, 4318],
      [ports.query, 16686],
    ],
    data: '/data',
    options: ['--user', '0', '--volume', `${config}:/etc/jaeger/config.yaml:ro`],
    command: ['--config', '/etc/jaeger/config.yaml'],
  });
  return { ...common(home, plan), command, args, env: process.env, cleanUp };
}

function common(home: string, plan: JaegerPlan): Pick<ProcessSpec, 'name' | 'logFile' | 'healthy'> {
  return { name: 'jaeger', logFile: join(home, 'logs/jaeger.log'), healthy: () => jaegerAnswers(plan.query) };
}
