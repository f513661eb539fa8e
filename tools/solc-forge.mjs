#!/usr/bin/env node
// Lets forge use the solcjs of node_modules: answers --version, and --standard-json from stdin.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes('--standard-json')) {
  const base = process.argv[process.argv.indexOf('--base-path') + 1];
  // forge sends every source along; what it does not send is looked for below the base path
  const missing = (file) => {
    try {
      return { contents: fs.readFileSync(path.resolve(base ?? '.', file), 'utf8') };
    } catch (error) {
      return { error: error.message };
    }
  };
  process.stdout.write(solc.compile(fs.readFileSync(0, 'utf8'), { import: missing }));
} else {
  console.error('solc-forge: only --version and --standard-json are known');
  process.exit(1);
}
