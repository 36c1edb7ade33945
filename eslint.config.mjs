import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import ts from 'typescript-eslint';

const layers = (testOnly) => [
  { sourceTag: 'layer:base', onlyDependOnLibsWithTags: ['layer:base', ...testOnly] },
  { sourceTag: 'layer:domain', onlyDependOnLibsWithTags: ['layer:base', ...testOnly] },
  {
    sourceTag: 'layer:workflow',
    onlyDependOnLibsWithTags: ['layer:base', 'layer:domain', 'layer:workflow', ...testOnly],
  },
  {
    sourceTag: 'layer:app',
    onlyDependOnLibsWithTags: ['layer:base', 'layer:domain', 'layer:workflow', ...testOnly],
  },
  { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: ['layer:base', 'layer:tool'] },
];
const boundaries = (testOnly) => ({
  '@nx/enforce-module-boundaries': [
    'error',
    { allow: [], depConstraints: layers(testOnly), banTransitiveDependencies: false },
  ],
});
const noTensorflow = (except) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: ['yargs*', '@tensorflow/*', ...except.map((name) => `!${name}`)],
          message: 'Packages use tfjs-core only; the app picks the backend.',
        },
      ],
    },
  ],
});

export default ts.config(
  // AssemblyScript has decorators where TypeScript has none; its own compiler checks it.
  {
    ignores: [
      '**/dist',
      '**/node_modules',
      '.nx',
      'runs',
      'data',
      'coverage',
      '**/*.json',
      'packages/engine/assembly/*.ts',
    ],
  },
  js.configs.recommended,
  ...ts.configs.recommended,
  { plugins: { '@nx': nx } },
  {
    files: ['**/*.ts'],
    ignores: ['**/*.config.ts'],
    rules: {
      ...boundaries([]),
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  { files: ['**/test/**/*.ts'], rules: boundaries(['layer:tool']) },
  { files: ['packages/*/src/**/*.ts'], rules: noTensorflow(['@tensorflow/tfjs-core']) },
  {
    files: ['packages/engine/src/**/*.ts'],
    rules: noTensorflow([
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
      '@tensorflow/tfjs-backend-*',
      '@tensorflow/tfjs-node*',
    ]),
  },
  {
    files: ['packages/image-backbone/src/**/*.ts'],
    rules: noTensorflow(['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-converter']),
  },
  {
    files: ['packages/{label-graph,metrics,report,random,files,datasets,evaluation,curation,run-report}/src/**/*.ts'],
    rules: noTensorflow([]),
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        require: 'readonly',
        module: 'writable',
        globalThis: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setImmediate: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        Buffer: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
