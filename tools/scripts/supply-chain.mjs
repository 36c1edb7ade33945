// npm run supply-chain: what the project takes from others. The lock file is whole and of the registry alone, versions are
// exact, install scripts are decided one by one and ours are none, and every licence is one that the project allows.
// --list prints the licences; --sbom FILE writes a bill of materials (CycloneDX, by npm) of what ships; --audit asks the
// registry for known faults.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import satisfies from 'spdx-satisfies';
import { capture, root } from './workspace.mjs';

/** Licences of what ships. */
const permissive = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'Unlicense', 'CC0-1.0'];
/**
 * Licences of what ships under the condition that it is a library of its own, which a user can replace: libvips beside sharp. (Of
 * its packages the one for WebAssembly has libvips inside; npm installs that for no machine unless asked to.)
 */
const dynamicallyLinked = {
  'LGPL-3.0-or-later': /^@img\/sharp-/,
};
/** Licences of what the project is built and tested with. */
const ofTools = [...permissive, 'BlueOak-1.0.0', 'Python-2.0', 'CC-BY-3.0', 'CC-BY-4.0'];
/** Packages whose package.json names no licence by its identifier, and what their licence file says. */
const read = { 'spawndamnit@3.0.1': 'MIT' };

const { packages } = readJson('package-lock.json');
const marker = 'node_modules/';
/** The packages of others: name, version, licence, and whether they ship. */
const others = Object.entries(packages)
  .filter(([path, { link }]) => path.includes(marker) && !link)
  .map(([path, { version, license, dev, devOptional, hasInstallScript, resolved, integrity }]) => {
    const name = path.slice(path.lastIndexOf(marker) + marker.length);
    const ships = !dev && !devOptional;
    return {
      name,
      version,
      license: read[`${name}@${version}`] ?? license,
      ships,
      hasInstallScript,
      resolved,
      integrity,
    };
  });
const manifests = [
  '.',
  ...['packages', 'apps', 'tools'].flatMap((room) => readdirSync(join(root, room)).map((name) => `${room}/${name}`)),
].flatMap((folder) => {
  try {
    return [{ folder, ...readJson(join(folder, 'package.json')) }];
  } catch {
    return [];
  }
});

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

/** What is wrong, a line each. */
export function supplyChainFindings() {
  return [...lockFindings(), ...versionFindings(), ...scriptFindings(), ...licenceFindings()];
}

/** Every optional dependency that the lock file names must be in it, or `npm ci` refuses it on another machine. */
function lockFindings() {
  const locked = new Set(others.map(({ name }) => name));
  return [
    ...Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !locked.has(name))
        .map((name) => `package-lock.json: ${path} needs ${name}, which is not in it; run npm install`),
    ),
    ...others
      .filter(({ resolved }) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))
      .map(({ name, resolved }) => `package-lock.json: ${name} comes from ${resolved}; take it from the registry`),
    ...others
      .filter(({ integrity }) => !integrity?.startsWith('sha512-'))
      .map(({ name, integrity }) => `package-lock.json: ${name} has no SHA-512 hash (${integrity}); run npm install`),
  ];
}

/** What we depend on has one version; only peers, which the user brings, have ranges. */
function versionFindings() {
  return manifests.flatMap(({ folder, dependencies = {}, devDependencies = {}, optionalDependencies = {} }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${folder}/package.json: expected an exact version of ${name}, got ${version}`),
  );
}

/** No package of ours runs anything when it is installed, and whether one of others may is decided by name. */
function scriptFindings() {
  const ours = manifests.flatMap(({ folder, scripts = {} }) =>
    Object.keys(scripts)
      .filter((name) => /^(pre|post)?(install|prepare|prepublish|pack)$/.test(name))
      .map((name) => `${folder}/package.json: expected no script that runs at installation, got ${name}; remove it`),
  );
  const { allowScripts = {} } = manifests[0];
  const undecided = others
    .filter(({ name, hasInstallScript }) => hasInstallScript && allowScripts[name] === undefined)
    .map(({ name }) => `package.json: ${name} has an install script; say in allowScripts whether it may run`);
  return [...ours, ...undecided];
}

function licenceFindings() {
  return others.flatMap(({ name, version, license, ships }) => {
    const also = Object.keys(dynamicallyLinked).filter((one) => dynamicallyLinked[one].test(name));
    const allowed = [...(ships ? permissive : ofTools), ...also];
    if (license !== undefined && isAllowed(license, allowed)) return [];
    return [`${name}@${version}: expected a licence of ${allowed.join(', ')}, got ${license}; replace the package`];
  });
}

function isAllowed(license, allowed) {
  try {
    return satisfies(license, allowed);
  } catch {
    return false;
  }
}

/** Packages that ship, and those of tools, by licence; those of licences that ask for more than a notice by name. */
function listing() {
  return [true, false].flatMap((ships) => {
    const byLicence = new Map();
    for (const one of others.filter((one) => one.ships === ships))
      byLicence.set(one.license, (byLicence.get(one.license) ?? new Set()).add(one.name));
    return [
      ships ? 'What ships:' : 'What the project is built and tested with:',
      ...[...byLicence]
        .sort(([, a], [, b]) => b.size - a.size)
        .map(([license, names]) => {
          const isPlain = isAllowed(license, permissive);
          return `  ${license}: ${names.size}${isPlain ? '' : ` (${[...names].join(', ')})`}`;
        }),
    ];
  });
}

/** A bill of materials of what ships, by npm. @throws {Error} if a package lacks its licence, its hash or its address. */
export async function billOfMaterials() {
  const { code, output } = await capture('npm', [
    'sbom',
    '--sbom-format=cyclonedx',
    '--omit=dev',
    '--package-lock-only',
    '--sbom-type=application',
  ]);
  if (code !== 0) throw new Error(output.slice(-2000));
  const bill = JSON.parse(output.slice(output.indexOf('{')));
  const ours = new Set(manifests.map(({ name, version }) => `${name}@${version}`));
  const bare = bill.components.filter(
    (one) => !ours.has(one['bom-ref']) && !(one.licenses?.length && one.hashes?.length && one.purl),
  );
  if (bare.length > 0) throw new Error(`without licence, hash or address: ${bare.map(({ name }) => name).join(', ')}`);
  return bill;
}

/**
 * Known faults of high level or above, by the registry: their names, or why it could not be asked. Only a report that npm itself
 * could read counts as an answer; whatever else happens on the way to the registry is no fault of the packages.
 */
export async function audit() {
  const { output } = await capture('npm', ['audit', '--json', '--audit=true']);
  return readAudit(output);
}

/** What `npm audit --json` printed, with warnings before and after. @returns `faults`, a line each, or `unreachable`. */
export function readAudit(output) {
  const report = jsonWithin(output);
  if (report?.vulnerabilities === undefined || report.metadata?.vulnerabilities === undefined) {
    const reason = report?.message ?? output.trim().split('\n').at(-1);
    return { faults: [], unreachable: `the registry answers no audit: ${reason}` };
  }
  const faults = Object.values(report.vulnerabilities)
    .filter(({ severity }) => severity === 'high' || severity === 'critical')
    .map(({ name, severity, range }) => `${name} ${range}: ${severity}`);
  return { faults };
}

/** The JSON object in a text that has other lines before and after it, or undefined. */
function jsonWithin(text) {
  try {
    return JSON.parse(text.slice(text.search(/^\{/m), text.search(/^\}/m) + 1));
  } catch {
    return undefined;
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { list: { type: 'boolean' }, sbom: { type: 'string' }, audit: { type: 'boolean' } },
  });
  const findings = supplyChainFindings();
  if (values.list) console.log(listing().join('\n'));
  if (values.sbom) writeFileSync(values.sbom, `${JSON.stringify(await billOfMaterials(), null, 2)}\n`);
  if (values.audit) {
    const { faults, unreachable } = await audit();
    console.log(unreachable ? `audit: skipped (${unreachable})` : `audit: ${faults.length} known faults of high level`);
    findings.push(...faults);
  }
  for (const line of findings) console.error(line);
  process.exit(findings.length > 0 ? 1 : 0);
}
