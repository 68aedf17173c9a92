/** What a member asks about its topic. */
export interface TopicLog {
  /** How the cluster names itself. */
  cluster(): Promise<string>;
  /** Of each partition, the first offset that is still there and the one after the newest record. */
  bounds(): Promise<ReadonlyMap<number, { readonly start: number; readonly end: number }>>;
  /** Where a stream begins: at `earliest`, `latest`, or the first record that is not before an instant. */
  startOffsets(start: string): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}
