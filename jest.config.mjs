/** All tests of the workspace in one run; `npx nx test PROJECT` runs those of one package. */
export default {
  projects: [
    '<rootDir>/packages/*/jest.config.mjs',
    '<rootDir>/apps/*/jest.config.mjs',
    '<rootDir>/tools/golden/jest.config.mjs',
  ],
};
