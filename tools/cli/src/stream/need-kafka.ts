import type { Definition } from '@weir/core';
import { needServers, type OnDemandServer } from '@weir/servers';
import { showProgress } from '../progress';

/** The servers that a pipeline's source needs besides those of every platform. */
export function serversOf({ source }: Pick<Definition, 'source'>): OnDemandServer[] {
  if (source.type !== 'kafka') return [];
  return source.format === 'json' ? ['kafka'] : ['kafka', 'registry'];
}

/** Makes sure that the servers which a pipeline's source needs run, and shows how they come up. Throws what needServers throws. */
export async function needSource(home: string, definition: Pick<Definition, 'source'>, quiet: boolean): Promise<void> {
  const servers = serversOf(definition);
  if (servers.length > 0) await needShown(home, servers, quiet);
}

/** Makes sure that these servers run, and shows how they come up. Throws what needServers throws. */
export async function needShown(home: string, servers: readonly OnDemandServer[], quiet: boolean | undefined): Promise<void> {
  const progress = showProgress(quiet, servers);
  try {
    await needServers(home, servers, progress.report);
  } finally {
    await progress.close();
  }
}
