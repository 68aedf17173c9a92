import type { ListSourcesResponse, SourceFile as PublishedFile } from '@weir/rpc';

/** A published partition with the files that it was read from; none where it was published without. */
export interface PublishedPartition {
  readonly partition: string;
  readonly files: readonly PublishedFile[];
}

/** Partitions of pages whose files are in the order of partitions; a partition may go on over a page's end. */
export async function* publishedPartitions(pages: AsyncIterable<ListSourcesResponse>): AsyncGenerator<PublishedPartition, undefined, undefined> {
  let open: { partition: string; files: PublishedFile[] } | undefined;
  for await (const page of pages) {
    for (const partition of page.empty) yield { partition, files: [] };
    for (const file of page.files) {
      if (open && open.partition !== file.partition) yield open;
      if (open?.partition !== file.partition) open = { partition: file.partition, files: [] };
      open.files.push(file);
    }
  }
  if (open) yield open;
  return undefined;
}
