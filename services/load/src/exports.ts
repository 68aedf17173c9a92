import { ExportBucket, ExportDestination, ExportFolder } from '@weir/connectors';
import { WeirError, type Definition, type Export } from '@weir/core';
import type { Egress, Secret } from '@weir/platform';

/** Where files may be delivered to. */
export interface ExportPlaces {
  /** Absolute; undefined where no folder of this machine is for exports. */
  readonly folder: string | undefined;
  readonly egress: Egress;
  /** A secret of a connection, by the name that its definition uses. Throws SECRET_MISSING. */
  readonly secretOf: (name: string) => Secret;
}

/** Opens an export of a definition; to be closed. Throws UNKNOWN_CONNECTION, SECRET_MISSING and DESTINATION_REFUSED. */
export type OpenExport = (target: Export, definition: Definition, signal: AbortSignal) => Promise<ExportDestination>;

/** Opens exports in the places that this service may write to. */
export function exportsIn({ folder, egress, secretOf }: ExportPlaces): OpenExport {
  return async (target, { connections }, signal) => {
    if (target.type === 'file') {
      if (folder === undefined) throw new WeirError({ code: 'DESTINATION_REFUSED', message: 'The load service has no folder for exports.', place: target.path, fix: 'Set WEIR_EXPORTS to a folder, and start the load service again.' });
      return new ExportDestination(await ExportFolder.open(folder, target.path));
    }
    const connection = connections?.[target.connection];
    if (connection?.type !== 's3') throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `The definition has no connection \`${target.connection}\` of type s3.` });
    return new ExportDestination(ExportBucket.open(target, connection, { signal, address: (host, port) => egress.address(host, port), secretOf }));
  };
}

/** Gives `body` an export, and closes it. */
export async function withExport<T>({ openExport }: { readonly openExport: OpenExport }, target: Export, definition: Definition, signal: AbortSignal, body: (destination: ExportDestination) => Promise<T>): Promise<T> {
  const destination = await openExport(target, definition, signal);
  try {
    return await body(destination);
  } finally {
    destination.close();
  }
}
