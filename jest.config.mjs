/** All tests of the workspace in one run; `npx nx test PROJECT` runs those of one package. */
export default {
  // Of the projects' own settings, Jest takes no time limit.
  testTimeout: 120_000,
  projects: [
    '<rootDir>/packages/*/jest.config.mjs',
    '<rootDir>/apps/*/jest.config.mjs',
    '<rootDir>/tools/{fuzz,golden}/jest.config.mjs',
  ],
};
