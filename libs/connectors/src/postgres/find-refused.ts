/** A row by its number, and how a statement with it failed. */
export interface FoundRow<Failure> {
  readonly row: number;
  readonly failure: Failure;
}

/** A change that is carried out with some of the rows at a time. */
export interface Change<Failure> {
  /** Carries it out with the rows [from, to) and keeps it; gives the failure, and keeps nothing, when one of them is refused. */
  readonly trial: (from: number, to: number) => Promise<Failure | undefined>;
  /** Called with each row that is refused, before rows behind it are tried. */
  readonly refuse: (row: number) => Promise<void>;
}

/**
 * Carries out a change with all of `rows` rows but those that are refused, and gives these; `known` is how all of them together failed. Stops once more than `most` are refused.
 *
 * A binary search for the first row that is refused: what lies before it is kept as it is tried, what lies behind it is tried next, all of it when it was the only one so far. The more were refused the
 * smaller is what is tried at once, so that it is mostly right; while it is, it grows. One refused row among n takes at most ⌈log2 n⌉ + 1 trials, k of them about k · log2(n / k).
 */
export async function findRefused<Failure>(rows: number, known: Failure | undefined, most: number, change: Change<Failure>): Promise<FoundRow<Failure>[]> {
  const refused: FoundRow<Failure>[] = [];
  let failure = known;
  for (let [from, size] = [0, rows]; from < rows && refused.length <= most; ) {
    const to = Math.min(rows, from + size);
    const tried = failure === undefined;
    failure ??= await change.trial(from, to);
    if (failure === undefined) {
      from = to;
      size *= 2;
      continue;
    }
    const first = await firstRefused({ from, to, failure, tried }, change);
    if (first.failure !== undefined) {
      refused.push({ row: first.row, failure: first.failure });
      await change.refuse(first.row);
    }
    from = first.row + 1;
    size = Math.ceil((rows - from) / Math.max(1, refused.length));
    failure = undefined;
  }
  return refused;
}

/** Rows among which one is refused. */
interface FailedRows<Failure> {
  readonly from: number;
  readonly to: number;
  readonly failure: Failure;
  /** Here, and not only known from elsewhere. */
  readonly tried: boolean;
}

/** The first row that is refused; one without a failure when none is after all, which was then tried last. */
async function firstRefused<Failure>(failed: FailedRows<Failure>, { trial }: Change<Failure>): Promise<{ row: number; failure: Failure | undefined }> {
  let { from: low, to: high, failure, tried } = failed;
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    const answer = await trial(low, middle);
    if (answer === undefined) low = middle;
    else [high, failure, tried] = [middle, answer, true];
  }
  // Whoever is left because all others passed is heard as well: what is known from elsewhere may not hold any more.
  return { row: low, failure: tried ? failure : await trial(low, high) };
}
