import type { Lake } from '@weir/lake';

/** Where an original is kept. */
interface Kept {
  readonly original: Buffer | null;
  readonly original_path: string | null;
}

/** The whole original of a row; null for a record without a value. */
export async function originalOf({ original, original_path: path }: Kept, lake: Lake): Promise<Buffer | null> {
  return path === null ? original : lake.read(path);
}
