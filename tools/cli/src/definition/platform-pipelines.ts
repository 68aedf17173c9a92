import type { AppliedPipelines } from '@weir/core';
import { appliedPipelines, connect, type Clients } from '@weir/rpc';
import { platformState } from '@weir/servers';

/** A platform that is up answers in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * The pipelines of the platform that runs here, or of the metadata service at another address. Nothing is connected before the first question: definitions that read no other pipeline need no platform.
 * Questions throw PLATFORM_DOWN and UNAVAILABLE; close it afterwards.
 */
export function platformPipelines(metadata: () => Promise<string> = async () => (await platformState()).services.metadata): AppliedPipelines & { close(): void } {
  let connected: Promise<Pick<Clients, 'definitions' | 'close'>> | undefined;
  const clients = (): Promise<Pick<Clients, 'definitions' | 'close'>> => (connected ??= metadata().then((address) => connect({ metadata: address })));
  const applied = async (): Promise<AppliedPipelines> => appliedPipelines(await clients(), { timeoutMs: TIMEOUT_MS });
  return {
    newest: async (pipeline) => (await applied()).newest(pipeline),
    names: async () => (await applied()).names(),
    close: () => void connected?.then((open) => open.close(), () => undefined),
  };
}
