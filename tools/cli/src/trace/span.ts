/** A span as the trace commands use it; times in milliseconds. */
export interface Span {
  readonly id: string;
  /** Absent for a root. */
  readonly parent?: string | undefined;
  readonly service: string;
  readonly name: string;
  /** Since the Unix epoch. */
  readonly start: number;
  readonly duration: number;
  readonly error?: SpanError | undefined;
  /** weir.run.id, where the span has one. */
  readonly runId?: string | undefined;
}

export interface SpanError {
  /** The platform's code; absent on spans that only saw the failure pass through. */
  readonly code?: string | undefined;
  readonly reason: string;
  readonly samples: readonly string[];
}
