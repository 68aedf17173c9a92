import type { Clients, NoteRefusedRequest } from '@weir/rpc';

/** Where rows are set aside that tables refuse. */
export interface Quarantine {
  /** Takes what tables say of rows, a thousand at most; repeating it changes nothing. */
  noteRefused(request: NoteRefusedRequest, signal: AbortSignal): Promise<void>;
}

/** The quarantine of the quality service. */
export function remoteQuarantine(clients: Pick<Clients, 'quarantine'>): Quarantine {
  return {
    async noteRefused(request, signal) {
      await clients.quarantine.noteRefused(request, { signal });
    },
  };
}
