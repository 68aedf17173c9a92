/** Blocks of 32 KiB that the engine may hold for rows of files whose statement has not ended: 96 MiB. */
const MOST_BLOCKS = 3_000;
/** Columns besides the contract's: places, rules, what is kept aside. */
const OTHER_COLUMNS = 10;

/** Cuts files into those that one statement reads. Until it ends, the engine keeps a block for each column of each file, however small it is: 2,000 small files in one statement are too many for 256 MB. */
export function filesOfStatements<File>(files: readonly File[], columns: number): File[][] {
  const most = Math.max(1, Math.floor(MOST_BLOCKS / (columns + OTHER_COLUMNS)));
  return Array.from({ length: Math.ceil(files.length / most) }, (_, at) => files.slice(at * most, (at + 1) * most));
}
