/** Delimiters that are looked for where nobody says which one a CSV file has, the likelier first. */
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** What a file's beginning is by one delimiter. */
interface Reading {
  readonly header: readonly string[];
}

/** Of the readings by each delimiter the one whose header has the most columns; the likelier delimiter's where several have as many. `read` gives nothing where the header cannot be read by it; undefined where none can. */
export function guessDelimiter<By extends Reading>(read: (delimiter: string) => By | undefined): By | undefined {
  const [best] = DELIMITERS.flatMap((delimiter) => read(delimiter) ?? []).sort((one, other) => other.header.length - one.header.length);
  return best;
}
