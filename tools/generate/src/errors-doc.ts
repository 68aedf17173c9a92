import { ERRORS, type ErrorCode, type Retry } from '@weir/core';

const RETRY: Record<Retry, string> = {
  transient: 'The stage tries again by itself, 1 s to 30 s apart, until its time is up.',
  counted: "The stage is tried again after the pipeline's `retryDelay`, at most `retries` times.",
  never: 'Nothing is tried again: a person or a changed input is needed.',
};

/** docs/errors.md: the closed table of errors for readers, one heading per code so that links reach it. */
export function errorsDoc(): string {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  return `<!-- Generated from libs/core/src/errors.ts by \`npm run generate -w @weir/generate\`. Do not edit. -->
# Errors

Every failure of Weir has one of these ${codes.length} codes, in the command line, in gRPC answers (\`google.rpc.Status\`), in run records and in traces. With
the code come the place (file, line and column, or the name of the thing that failed), what is wrong with the value that is wrong, a fix,
and where rows are the reason, up to five of them.

\`\`\`
UNKNOWN_KEY  examples/retail/pipeline.yaml:12:3
  \`destinaton\` is not a key of a pipeline.
  Fix: did you mean \`destinations\`?
\`\`\`

${codes.map(section).join('\n')}`;
}

function section(code: ErrorCode): string {
  const { when, fix, retry, grpc } = ERRORS[code];
  return `## ${code}

${when}

Fix: ${fix}

${RETRY[retry]} gRPC status \`${grpc}\`.
`;
}
