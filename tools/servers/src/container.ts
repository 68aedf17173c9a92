import { WeirError } from '@weir/core';
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
  /** Folder inside that a named volume keeps; volumes outlive the container. Absent: the server keeps nothing. */
  readonly data?: string;
  readonly options?: readonly string[];
  readonly command?: readonly string[];
}

/**
 * A container run in the foreground by `docker run`, so that a supervisor treats it as any process: its log is the client's
 * output, and SIGTERM to the client stops it.
 */
export function container(spec: ContainerSpec): Container {
  const name = containerName(spec.home, spec.server);
  const ports = spec.ports.flatMap(([outside, inside]) => ['--publish', `127.0.0.1:${outside}:${inside}`]);
  const volume = spec.data === undefined ? [] : ['--volume', `${name}:${spec.data}`];
  return {
    name,
    command: 'docker',
    args: ['run', '--rm', '--name', name, ...ports, ...volume, ...(spec.options ?? []), spec.image, ...(spec.command ?? [])],
    cleanUp: async () => {
      await runCommand('docker', ['rm', '--force', name], { timeoutMs: 60_000 });
    },
  };
}

/** The name of a home's container, by which others of its network reach it. */
export function containerName(home: string, server: string): string {
  return `weir-${keyOf(home)}-${server}`;
}

/** Makes the network of a home's containers unless it is there; returns its name. It stays, as volumes do. Throws SERVER_FAILED with Docker's words. */
export async function createNetwork(home: string): Promise<string> {
  const name = `weir-${keyOf(home)}`;
  const { code, output } = await runCommand('docker', ['network', 'create', name], { timeoutMs: 60_000 });
  if (code === 0 || output.includes('already exists')) return name;
  throw new WeirError({ code: 'SERVER_FAILED', place: 'docker', message: `The network ${name} could not be made.`, samples: output.trimEnd().split('\n').slice(-5) });
}
