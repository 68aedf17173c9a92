import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { PagePosition } from '@weir/connectors';
import type { Lake, Segment } from '@weir/lake';
import type { StageContext } from '@weir/rpc';

/** A page that was stored. */
export interface StoredPage {
  /** From 1, within its partition. */
  readonly number: number;
  readonly segment: Segment;
  /** Where the next page is; absent after the last one. */
  readonly next?: PagePosition | undefined;
}

interface Line extends StoredPage {
  readonly partition: string;
}

/** Pages of an attempt that ended longer ago are read again: what the API gives now may not fit to them. */
const KEPT_MS = 3_600_000;

/**
 * The pages of an API that a run has stored, so that an attempt goes on where the one before was when it died. It lies with the temporary files of the run, which go with the run: losing it costs time alone. Each attempt
 * writes a file of its own, one line for each page after the page is in the lake, and begins it with what the attempts before it left. So the pages of a partition always come from one chain of requests, also
 * while an attempt that was given up still writes.
 */
export class PageJournal {
  private constructor(
    private readonly file: FileHandle,
    private readonly chains: ReadonlyMap<string, readonly StoredPage[]>,
  ) {}

  static async open(lake: Lake, { runId }: Pick<StageContext, 'runId'>): Promise<PageJournal> {
    const folder = lake.absolute(`tmp/${runId}.pages`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const earlier = (await readdir(folder)).map((name) => join(folder, name));
    const chains = new Map<string, StoredPage[]>();
    for (const path of earlier) for (const [partition, chain] of await readChains(path)) if (chain.length > (chains.get(partition)?.length ?? 0)) chains.set(partition, chain);
    const journal = new PageJournal(await open(join(folder, `${randomUUID()}.ndjson`), 'a', 0o600), chains);
    try {
      for (const [partition, chain] of chains) await journal.write(partition, chain);
    } catch (error) {
      await journal.close();
      throw error;
    }
    for (const path of earlier) await rm(path, { force: true });
    return journal;
  }

  /** The pages of a partition that earlier attempts stored, from the first one on. */
  pagesOf(partition: string): readonly StoredPage[] {
    return this.chains.get(partition) ?? [];
  }

  async add(partition: string, page: StoredPage): Promise<void> {
    await this.write(partition, [page]);
  }

  /** Leaves the first `length` pages of a partition that earlier attempts stored, so that others can follow them. Without any the next page that is added is a first one, which begins a new chain by itself. */
  async cut(partition: string, length: number): Promise<void> {
    await this.write(partition, this.pagesOf(partition).slice(0, length));
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async write(partition: string, pages: readonly StoredPage[]): Promise<void> {
    await this.file.appendFile(pages.map((page) => `${JSON.stringify({ partition, ...page } satisfies Line)}\n`).join(''));
  }
}

/** The newest chain of each partition in one file. A line that was not written to its end, and all that does not follow its predecessor, is left out. */
async function readChains(path: string): Promise<Map<string, StoredPage[]>> {
  const chains = new Map<string, StoredPage[]>();
  const found = await stat(path).catch(() => undefined);
  if (!found || found.mtimeMs < Date.now() - KEPT_MS) return chains;
  // Another attempt may tidy up meanwhile.
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return chains;
  try {
    for await (const text of file.readLines()) {
      const line = parsed(text);
      if (!line) continue;
      const { partition, ...page } = line;
      const chain = chains.get(partition) ?? [];
      if (page.number === 1) chains.set(partition, [page]);
      else if (page.number === chain.length + 1) chain.push(page);
    }
    return chains;
  } finally {
    await file.close();
  }
}

function parsed(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
