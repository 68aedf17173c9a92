// One configuration for every project: `nx test <project>` runs it with that project's folder as rootDir.
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
    ],
  },
  testTimeout: 60_000,
  // Starts the servers that a project's package.json names under "weir", unless `npm test` runs them already.
  globalSetup: `${__dirname}/tools/servers/src/jest-setup.ts`,
  globalTeardown: `${__dirname}/tools/servers/src/jest-teardown.ts`,
};
