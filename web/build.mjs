// The web UI as C: checks its types against docs/openapi.yaml, bundles it, and writes every file, gzipped, as an
// array (struct node_file, src/node/web.h). A depfile names what it was made from.
//
//   node web/build.mjs OUT.c OUT.c.d
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { build } from 'vite';

const web = import.meta.dirname;
const target = process.argv[2];
const [output, depfile] = process.argv.slice(2).map((name) => path.resolve(name));
const work = path.join(path.dirname(output), 'web-bundle');
const FIRST_LOAD_MAX = 200 * 1024;

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
};

function run(program, ...args) {
  const done = spawnSync(process.execPath, [path.join(web, 'node_modules', program), ...args],
    { cwd: web, encoding: 'utf8' });
  if (done.status === 0) return;
  process.stderr.write(done.stdout + done.stderr);
  process.exit(1);
}

// The client's types follow the API's description; the checkout's copy is written only when it differs.
const schema = path.join(web, 'src/api/schema.d.ts');
const fresh = path.join(path.dirname(output), 'schema.d.ts');
run('openapi-typescript/bin/cli.js', '../docs/openapi.yaml', '-o', fresh, '--silent');
if (!fs.existsSync(schema) || !fs.readFileSync(schema).equals(fs.readFileSync(fresh))) fs.copyFileSync(fresh, schema);
run('typescript/bin/tsc', '--noEmit', '-p', web);

process.chdir(web);
const { output: chunks } = await build({ root: web, logLevel: 'warn', build: { outDir: work, emptyOutDir: true } });

// What the browser loads before anything is shown: the page, its script with what that imports, its style.
const entry = chunks.find((one) => one.isEntry);
const first = new Set(['index.html', entry.fileName]);
for (const name of first) {
  const chunk = chunks.find((one) => one.fileName === name);
  for (const needed of [...(chunk.imports ?? []), ...(chunk.viteMetadata?.importedCss ?? [])]) first.add(needed);
}

const files = chunks.map(({ fileName }) => {
  const bytes = fs.readFileSync(path.join(work, fileName));
  const type = types[path.extname(fileName)];
  if (!type) throw new Error(`${fileName}: no media type is known`);
  return {
    name: fileName, type, bytes, gzip: zlib.gzipSync(bytes, { level: 9 }),
    tag: crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 32),
  };
}).sort((a, b) => (a.name < b.name ? -1 : 1));

const size = files.filter(({ name }) => first.has(name)).reduce((sum, { gzip }) => sum + gzip.length, 0);
if (size > FIRST_LOAD_MAX) throw new Error(`the first load is ${size} bytes, more than ${FIRST_LOAD_MAX}`);

const array = (bytes) => {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 40) lines.push(bytes.subarray(at, at + 40).join(','));
  return lines.join(',\n');
};
fs.writeFileSync(output, `/* Made by web/build.mjs. First load: ${size} bytes. */
#include "node/web.h"

${files.map(({ gzip }, i) => `static const uint8_t file_${i}[] = {\n${array(gzip)}};`).join('\n')}

const struct node_file node_files[] = {
${files.map(({ name, type, bytes, gzip, tag }, i) =>
    `    {"/${name === 'index.html' ? '' : name}", "${type}", "\\"${tag}\\"", file_${i}, ${gzip.length}, ${bytes.length}},`)
    .join('\n')}
};
const size_t node_n_files = sizeof node_files / sizeof *node_files;
`);

const sources = fs.readdirSync(path.join(web, 'src'), { recursive: true, withFileTypes: true })
  .map((one) => path.join(one.parentPath ?? one.path, one.name)) // folders, too: they change with what is added
  .filter((name) => name !== schema);
const others = ['build.mjs', 'index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts', 'src']
  .map((name) => path.join(web, name));
const all = [...others, ...sources, path.join(web, '../docs/openapi.yaml')];
fs.writeFileSync(depfile, `${target}: ${all.map((name) => name.replaceAll(' ', '\\ ')).join(' \\\n  ')}\n`);
