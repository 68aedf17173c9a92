import { isWeirError, type AppliedPipelines } from '@weir/core';
import { connect, newestDefinition, type Clients } from '@weir/rpc';
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
  return {
    async newest(pipeline) {
      const { definitions } = await clients();
      try {
        return await newestDefinition({ definitions }, pipeline, { timeoutMs: TIMEOUT_MS });
      } catch (error) {
        if (isWeirError(error) && error.code === 'PIPELINE_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async names() {
      const { definitions } = await clients();
      const { pipelines } = await definitions.listPipelines({}, { timeoutMs: TIMEOUT_MS });
      return pipelines.map(({ pipeline }) => pipeline);
    },
    close: () => void connected?.then((open) => open.close(), () => undefined),
  };
}
