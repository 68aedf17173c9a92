import { runCommand } from './command';
import { keyOf } from './home';

export interface Container {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Removes a container of that name if there is one. */
  readonly cleanUp: () => Promise<void>;
}

export interface ContainerSpec {
  readonly server: string;
  readonly home: string;
  readonly image: string;
  /** [port on 127.0.0.1, port inside] */
  readonly ports: readonly (readonly [number, number])[];
  /** Named volume → folder inside; volumes outlive the container. */
  readonly data: string;
  readonly options?: readonly string[];
  readonly command?: readonly string[];
}

/**
 * A container run in the foreground by `docker run`, so that a supervisor treats it as any process: its log is the client's
 * output, and SIGTERM to the client stops it.
 */
export function container(spec: ContainerSpec): Container {
  const name = `weir-${keyOf(spec.home)}-${spec.server}`;
  const ports = spec.ports.flatMap(([outside, inside]) => ['--publish', `127.0.0.1:${outside}:${inside}`]);
  return {
    name,
    command: 'docker',
    args: ['run', '--rm', '--name', name, ...ports, '--volume', `${name}:${spec.data}`, ...(spec.options ?? []), spec.image, ...(spec.command ?? [])],
    cleanUp: async () => {
      await runCommand('docker', ['rm', '--force', name], { timeoutMs: 60_000 });
    },
  };
}
