// Where npm has put forge and anvil for this machine.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** The path of 'forge' or 'anvil'; throws when it isn't installed. */
export function findBinary(name) {
  for (const arch of ['amd64', 'arm64']) {
    const folder = path.join(root, 'node_modules', '@foundry-rs', `${name}-linux-${arch}`);
    const file = path.join(folder, 'bin', name);
    if (fs.existsSync(file)) return file;
  }
  throw new Error(`${name} is not in node_modules: run \`make setup\``);
}
