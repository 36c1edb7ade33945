// The table that npm start ends with, in its output and in the README.

/** From its header to the mean over the labels. @throws {Error} if a text has none. */
export function tableIn(text) {
  const [table] = /^label .*p \(Holm\)\n[\s\S]*?^macro .*$/m.exec(text) ?? [];
  if (table === undefined) throw new Error(`expected the table of npm start, got ${text.slice(-500)}`);
  return table;
}

/** A README with the output of npm start in the place of the block that has its table. */
export function withOutput(readme, output) {
  const block = /```text\n(?=label .*p \(Holm\)\n)[\s\S]*?```/;
  if (!block.test(readme)) throw new Error('expected a README with a text block of the table, got none');
  const shown = output.slice(output.indexOf(tableIn(output))).trimEnd();
  return readme.replace(block, () => `\`\`\`text\n${shown}\n\`\`\``);
}

/** Whether this Node computes the bits that the README has: from Node 22 on, wasm has kernels with fused multiply-add. */
export const hasBitsOfReadme = Number(process.versions.node.split('.')[0]) < 22;
