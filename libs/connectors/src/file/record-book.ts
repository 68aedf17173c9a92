import { WeirError } from '@weir/core';

/** Whole records between two entries of the index. */
export const INDEX_STRIDE = 256;

/** Damaged records of one file that are kept apart; a file with more is not usable as a whole. Bounds memory. */
export const MAX_DAMAGED = 100_000;

/** A record that cannot become a row; offset and length in bytes, without its line end. */
export interface DamagedSpan<D extends string> {
  readonly offset: number;
  readonly length: number;
  /** Its line, from 1; in a JSON array its number among the elements. */
  readonly line: number;
  readonly damage: D;
}

/** From this whole record on (0 is the first), line = ordinal + shift. */
export interface LineRun {
  readonly ordinal: number;
  readonly shift: number;
}

/** Every 256th whole record, so that any record's bytes can be found again. */
export interface RecordIndex {
  readonly offsets: readonly number[];
  readonly lines: readonly number[];
}

/** What one pass over the bytes of a file of records tells, whatever its format. */
export interface RecordScan<S> {
  readonly bytes: number;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
  /** Whole records, those of `damaged` left out. */
  readonly records: number;
  readonly damaged: readonly S[];
  readonly index: RecordIndex;
  /** `line = ordinal + shift` for the records before the first line run that was handed out. */
  readonly shift: number;
}

/** Keeps count of a file's records as they are found: whole ones by the index, damaged ones apart. */
export class RecordBook<S extends DamagedSpan<string>> {
  private records = 0;
  private readonly damaged: S[] = [];
  private readonly offsets: number[] = [];
  private readonly lines: number[] = [];
  private firstShift: number | undefined;
  private shift = 0;

  constructor(
    private readonly name: string,
    private readonly onLineRun: ((run: LineRun) => void) | undefined,
  ) {}

  /** Takes a whole record. */
  admit(offset: number, line: number): void {
    const ordinal = this.records++;
    if (ordinal % INDEX_STRIDE === 0) {
      this.offsets.push(offset);
      this.lines.push(line);
    }
    const shift = line - ordinal;
    if (this.firstShift === undefined) this.firstShift = this.shift = shift;
    else if (shift !== this.shift) {
      this.shift = shift;
      this.onLineRun?.({ ordinal, shift });
    }
  }

  /** Takes a damaged record. Throws FILE_MALFORMED when there are too many. */
  setAside(record: S): void {
    hold(this.damaged, record, this.name);
  }

  close(): Omit<RecordScan<S>, 'bytes' | 'sha256'> {
    const { records, damaged, offsets, lines } = this;
    return { records, damaged, index: { offsets, lines }, shift: this.firstShift ?? 0 };
  }
}

/** Adds to a list of damaged records. Throws FILE_MALFORMED, at the record's line, when it is full. */
export function hold<S extends DamagedSpan<string>>(list: S[], record: S, name: string): void {
  if (list.length === MAX_DAMAGED) {
    throw new WeirError({ code: 'FILE_MALFORMED', message: `More than ${MAX_DAMAGED} records are damaged, the last of them with ${record.damage}.`, place: `${name}:${record.line}` });
  }
  list.push(record);
}
