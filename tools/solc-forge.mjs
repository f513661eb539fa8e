#!/usr/bin/env node
// Lets forge, and Slither, use the solcjs of node_modules: answers --version, and --standard-json from
// stdin. For forge code is made for tests only: what they deploy is the artifact that the build ships.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  const input = JSON.parse(fs.readFileSync(0, 'utf8'));
  const basePath = process.argv.indexOf('--base-path');
  if (basePath > 0) { // forge
    const { '*': everywhere, ...outputs } = input.settings.outputSelection;
    for (const file of Object.keys(input.sources)) {
      outputs[file] ??= everywhere;
      if (outputs[file] && !/^(test|analysis)\//.test(file)) outputs[file] = { '*': ['abi'], '': ['ast'] };
    }
    input.settings.outputSelection = outputs;
  }
  // what is not sent along lies below the base path
  const base = basePath > 0 ? process.argv[basePath + 1] : '.';
  const findImport = (file) => {
    try {
      return { contents: fs.readFileSync(path.resolve(base, file), 'utf8') };
    } catch (error) {
      return { error: error.message };
    }
  };
  process.stdout.write(solc.compile(JSON.stringify(input), { import: findImport }));
} else {
  console.error('solc-forge: only --version and --standard-json are known');
  process.exit(1);
}
