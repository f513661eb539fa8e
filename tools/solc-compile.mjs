// Compiles one contract with solcjs and writes {"abi","bytecode","deployedBytecode","immutables",
// "otherErrors"}. immutables: where deployment writes into the deployed code, [{"start","length"}],
// in order. otherErrors: those of our other contracts, whose reverts it may pass on, as in an ABI.
// Usage: solc-compile.mjs SOURCE.sol CONTRACT OUTPUT.json DEPFILE
// Imports beginning with @ come from node_modules. The depfile names every file read, so that a
// build is repeated only when one of them has changed.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const settingsPath = path.join(root, 'tools', 'solc-settings.json');

function fail(message) {
  process.stderr.write(`solc-compile: ${message}\n`);
  process.exit(1);
}

const [source, contract, output, depfile] = process.argv.slice(2);
if (!depfile) fail('usage: solc-compile.mjs SOURCE.sol CONTRACT OUTPUT.json DEPFILE');

const solc = require('solc');
const read = new Set([path.resolve(source), settingsPath, fileURLToPath(import.meta.url)]);
const name = path.basename(source);
const input = {
  language: 'Solidity',
  sources: { [name]: { content: fs.readFileSync(source, 'utf8') } },
  settings: {
    ...JSON.parse(fs.readFileSync(settingsPath, 'utf8')),
    outputSelection: {
      '*': { '*': ['abi'] },
      [name]: { [contract]: ['abi', 'evm.bytecode.object',
        'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'] },
    },
  },
};
const result = JSON.parse(solc.compile(JSON.stringify(input), {
  import(file) {
    const library = file.startsWith('@');
    const folder = library ? path.join(root, 'node_modules') : path.dirname(source);
    const at = path.resolve(folder, file);
    try {
      const contents = fs.readFileSync(at, 'utf8');
      read.add(at);
      return { contents };
    } catch {
      return { error: library ? `${file} is not in node_modules: run \`make setup\`` : `no ${at}` };
    }
  },
}));

// Our own warnings count as errors; a library's are its authors' affair.
const notes = (result.errors ?? []).filter((note) =>
  note.severity === 'error' || !note.sourceLocation?.file.startsWith('@'));
for (const note of notes) process.stderr.write(note.formattedMessage);
if (notes.length) fail(`${source}: ${notes.length} error(s) or warning(s)`);

const built = result.contracts[name][contract];
const signature = (entry) => `${entry.name}(${entry.inputs.map((input) => input.type).join(',')})`;
const known = new Set(built.abi.filter((entry) => entry.type === 'error').map(signature));
const otherErrors = [];
for (const [file, contracts] of Object.entries(result.contracts)) {
  if (file.startsWith('@')) continue;
  for (const entry of Object.values(contracts).flatMap(({ abi }) => abi)) {
    if (entry.type !== 'error' || known.has(signature(entry))) continue;
    known.add(signature(entry));
    otherErrors.push(entry);
  }
}
const deployed = built.evm.deployedBytecode.object;
if (deployed.length / 2 > 24576) { // EIP-170
  fail(`${contract} has ${deployed.length / 2} bytes of code; a chain takes at most 24576`);
}
fs.writeFileSync(output, `${JSON.stringify({
  abi: built.abi,
  bytecode: `0x${built.evm.bytecode.object}`,
  deployedBytecode: `0x${deployed}`,
  immutables: Object.values(built.evm.deployedBytecode.immutableReferences ?? {}).flat()
    .sort((a, b) => a.start - b.start),
  otherErrors,
})}\n`);
const escape = (file) => file.replaceAll(' ', '\\ ');
fs.writeFileSync(depfile, `${escape(output)}: ${[...read].map(escape).join(' ')}\n`);
