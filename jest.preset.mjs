import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Every package tests its TypeScript sources as they are: nothing has to be built first. */
export default {
  testEnvironment: `${root}tools/testkit/node-environment.cjs`,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022', experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: {
    '^@cxr-align/testkit$': `${root}tools/testkit/src/index.ts`,
    '^@cxr-align/([a-z-]+)$': `${root}packages/$1/src/index.ts`,
    '^@cxr-align/([a-z-]+)/([a-z0-9/-]+)$': `${root}packages/$1/src/$2.ts`,
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 120_000,
};
