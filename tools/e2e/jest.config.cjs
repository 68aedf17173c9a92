// One platform for all end-to-end tests: started before the first, stopped after the last, in a home of its own.
module.exports = {
  ...require('../../jest.config.cjs'),
  globalSetup: '<rootDir>/src/platform-setup.ts',
  globalTeardown: '<rootDir>/src/platform-teardown.ts',
  testTimeout: 300_000,
};
