import { dirname, join } from 'node:path';
import { credentials, loadPackageDefinition, type Client, type ClientDuplexStream, type GrpcObject, type ServiceClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';

/** What a server says about itself when asked for its services, or for the file that holds a symbol. */
interface ReflectionAnswer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

type Ask = { readonly listServices: string } | { readonly fileContainingSymbol: string };

/** The full names of a server's services, by reflection alone. */
export async function listServices(address: string): Promise<string[]> {
  const answer = await reflect(address, { listServices: '' });
  return (answer.listServicesResponse?.service ?? []).map(({ name }) => name);
}

/** Calls a unary rpc knowing nothing but its names, as grpcurl does: the messages' shapes come from the server. */
export async function callByReflection(address: string, service: string, method: string, request: object): Promise<object> {
  const answer = await reflect(address, { fileContainingSymbol: service });
  const files = answer.fileDescriptorResponse?.fileDescriptorProto ?? [];
  const definition = loadFileDescriptorSetFromBuffer(Buffer.concat(files.map(asSetMember)), { arrays: true });
  return callUnary(clientOf(loadPackageDefinition(definition), service, address), method, request);
}

/** What grpc.health.v1 says of one service, or of the whole server for the empty name. */
export async function healthOf(address: string, service = ''): Promise<string> {
  const client = clientOf(loadPackageDefinition(loadSync(healthProto, { enums: String })), 'grpc.health.v1.Health', address);
  const { status } = (await callUnary(client, 'check', { service })) as { status: string };
  return status;
}

async function callUnary(client: Client, method: string, request: object): Promise<object> {
  try {
    return await new Promise<object>((resolve, reject) => {
      const call = (client as unknown as Record<string, (...args: unknown[]) => void>)[method];
      if (!call) throw new Error(`There is no rpc ${method}.`);
      call.call(client, request, { deadline: Date.now() + 10_000 }, (error: ServiceError | null, response: object) => (error ? reject(error) : resolve(response)));
    });
  } finally {
    client.close();
  }
}

async function reflect(address: string, ask: Ask): Promise<ReflectionAnswer> {
  const proto = join(dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto/grpc/reflection/v1/reflection.proto');
  const client = clientOf(loadPackageDefinition(loadSync(proto)), 'grpc.reflection.v1.ServerReflection', address);
  try {
    return await new Promise<ReflectionAnswer>((resolve, reject) => {
      const open = (client as unknown as { serverReflectionInfo(options: object): ClientDuplexStream<Ask, ReflectionAnswer> }).serverReflectionInfo({ deadline: Date.now() + 10_000 });
      open.on('data', resolve).on('error', reject);
      open.write(ask);
      open.end();
    });
  } finally {
    client.close();
  }
}

function clientOf(loaded: GrpcObject, service: string, address: string): Client {
  const constructor = service.split('.').reduce<unknown>((within, part) => (within as GrpcObject)[part], loaded) as ServiceClientConstructor;
  return new constructor(address, credentials.createInsecure());
}

/** A FileDescriptorProto as field 1 of a FileDescriptorSet. */
function asSetMember(file: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = file.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), file]);
}
