import { BinaryWriter } from '@bufbuild/protobuf/wire';
import * as ingest from './gen/weir/ingest/v1/ingest';
import * as load from './gen/weir/load/v1/load';
import * as backfill from './gen/weir/metadata/v1/backfill';
import * as catalog from './gen/weir/metadata/v1/catalog';
import * as definition from './gen/weir/metadata/v1/definition';
import * as run from './gen/weir/metadata/v1/run';
import * as quality from './gen/weir/quality/v1/quality';
import * as transform from './gen/weir/transform/v1/transform';

export const IngestServiceService = withOneWriter(ingest.IngestServiceService, ingest.IngestServiceDefinition);
export const QualityServiceService = withOneWriter(quality.QualityServiceService, quality.QualityServiceDefinition);
export const QuarantineServiceService = withOneWriter(quality.QuarantineServiceService, quality.QuarantineServiceDefinition);
export const TransformServiceService = withOneWriter(transform.TransformServiceService, transform.TransformServiceDefinition);
export const LoadServiceService = withOneWriter(load.LoadServiceService, load.LoadServiceDefinition);
export const DefinitionServiceService = withOneWriter(definition.DefinitionServiceService, definition.DefinitionServiceDefinition);
export const RunServiceService = withOneWriter(run.RunServiceService, run.RunServiceDefinition);
export const CatalogServiceService = withOneWriter(catalog.CatalogServiceService, catalog.CatalogServiceDefinition);
export const BackfillServiceService = withOneWriter(backfill.BackfillServiceService, backfill.BackfillServiceDefinition);

/** A message as ts-proto generates it. */
interface Message {
  encode(message: never, writer?: BinaryWriter): BinaryWriter;
}

/** What its definition says of a service: the types of its messages. */
interface Definition<Service> {
  readonly methods: { readonly [Method in keyof Service]: { readonly requestType: Message; readonly responseType: Message } };
}

/**
 * A service whose messages are all written by one writer. The generated serializers take a new one each time, which grows by doubling from 1 KiB, and copy twice what it wrote: for a
 * micro-batch of 2 MiB that is 12 MiB of garbage outside of V8's heap, and each 64 MiB of that make V8 collect all of it.
 */
function withOneWriter<Service extends object>(service: Service, { methods }: Definition<Service>): Service {
  const names = Object.keys(service) as (keyof Service)[];
  return Object.fromEntries(names.map((name) => [name, { ...service[name], requestSerialize: serializer(methods[name].requestType), responseSerialize: serializer(methods[name].responseType) }])) as Service;
}

let writer = new BinaryWriter();

function serializer(type: Message): (message: never) => Buffer {
  return (message) => {
    try {
      // An array of its own, which nobody has to copy again.
      const { buffer, byteOffset, byteLength } = type.encode(message, writer).finish();
      return Buffer.from(buffer, byteOffset, byteLength);
    } catch (error) {
      writer = new BinaryWriter();
      throw error;
    }
  };
}
