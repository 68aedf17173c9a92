import { toWeirError, formatError } from '@weir/core';
import { runTests } from './run-tests';

// The body of `npm test`; bin/npm-test.mjs has installed the packages and bundled this file.
runTests().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stdout.write(`${formatError(toWeirError(error))}\n0 passed, 1 failed\n`);
    process.exitCode = 1;
  },
);
