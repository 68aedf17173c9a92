import { logVerbosity, Server, ServerCredentials, setLogVerbosity, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromObject, loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { WeirError } from '@weir/core';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import descriptor from './gen/descriptor.json';

// What grpc-js prints by itself comes back as errors too, with a code.
setLogVerbosity(logVerbosity.NONE);

/** Largest message in either direction, bytes. Rows never travel, so 4 MiB holds every request of this platform. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface ServeOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly services: readonly (readonly [ServiceDefinition, UntypedServiceImplementation])[];
  readonly reflection: boolean;
}

export interface RpcServer {
  readonly port: number;
  /** Answers of grpc.health.v1 for the server ("") and each of its services. */
  setReady(ready: boolean): void;
  /** Not ready at once, no new calls; open calls may end within the time, then they are cut. */
  drain(milliseconds: number): Promise<void>;
}

/** Starts a gRPC server with health (NOT_SERVING until setReady(true)) and, if wanted, reflection. Throws PORT_TAKEN. */
export async function serve(options: ServeOptions): Promise<RpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': 256,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  const names = ['', ...options.services.map(([definition]) => serviceName(definition))];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'NOT_SERVING' as const])));
  health.addToServer(server);
  for (const [definition, implementation] of options.services) server.addService(definition, implementation);
  if (options.reflection) reflect(names.slice(1)).addToServer(server);
  const port = await bind(server, options.host, options.port);
  const setReady = (ready: boolean) => names.forEach((name) => health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING'));
  return {
    port,
    setReady,
    drain: async (milliseconds) => {
      setReady(false);
      await drain(server, milliseconds);
    },
  };
}

/** Says what the server has, health included, so that grpcurl can list and call it without proto files. */
function reflect(services: readonly string[]): ReflectionService {
  const known = { ...loadFileDescriptorSetFromObject(descriptor), ...loadSync(healthProto) };
  return new ReflectionService(known, { services: [...services, 'grpc.health.v1.Health'] });
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (!error) return resolve(bound);
      reject(new WeirError({ code: 'PORT_TAKEN', message: `Cannot listen on ${host}:${port}: ${error.message}.`, fix: 'Set WEIR_PORT to a free port.' }, { cause: error }));
    });
  });
}

function drain(server: Server, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, milliseconds);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** "weir.load.v1.LoadService" from the paths of its methods. */
function serviceName(definition: ServiceDefinition): string {
  const path = Object.values(definition)[0]?.path ?? '';
  return path.split('/')[1] ?? '';
}
