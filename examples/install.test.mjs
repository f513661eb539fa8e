// Installs libgalen-groupsig below a temporary folder and uses it from there: by pkg-config, from C
// and C++, shared and static.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const { GALEN_SOURCE_ROOT: root, GALEN_BUILD_ROOT: build, GALEN_SANITIZE: sanitize } = process.env;
const example = path.join(root, 'examples/groupsig_example.c');
const [cc, ...ccArgs] = process.env.GALEN_CC.split(' ');
const sanitizers = sanitize === 'none' ? [] : [`-fsanitize=${sanitize}`];
let folder, libdir;

function run(program, args, env = {}) {
  const done = spawnSync(program, args, {
    encoding: 'utf8', timeout: 100000, cwd: folder, env: { ...process.env, ...env },
  });
  assert.equal(done.status, 0, `${program} ${args.join(' ')}\n${done.error ?? ''}${done.stderr}${done.stdout}`);
  return done.stdout;
}

// pkg-config sees the temporary folder as the whole system.
function pkgConfig(...args) {
  return run('pkg-config', [...args, 'galen-groupsig'], {
    PKG_CONFIG_LIBDIR: path.join(libdir, 'pkgconfig'), PKG_CONFIG_SYSROOT_DIR: folder,
  }).trim().split(/\s+/);
}

function find(name) {
  const found = fs.readdirSync(folder, { recursive: true }).filter((file) => path.basename(file) === name);
  assert.equal(found.length, 1, `${name}: ${found}`);
  return path.join(folder, found[0]);
}

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'galen-test-install-'));
  run(process.env.GALEN_MESON, ['install', '-C', build, '--no-rebuild', '--quiet',
    '--destdir', folder, '--tags', 'runtime,devel']);
  libdir = path.dirname(find('libgalen-groupsig.so'));
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const functions = () => {
  const header = fs.readFileSync(find('groupsig.h'), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...new Set([...header.matchAll(/\b(groupsig_\w+)\s*\(/g)].map((m) => m[1]))].sort();
};

test('the shared library shows what the header declares, and nothing else', () => {
  const shown = run('nm', ['-D', '--defined-only', path.join(libdir, 'libgalen-groupsig.so')])
    .trim().split('\n').map((line) => line.split(' ').at(-1)).sort();
  assert.ok(shown.length > 50);
  assert.deepEqual(shown, functions());
});

test('it needs the C library alone', () => {
  if (sanitizers.length > 0) return;
  const needed = run('readelf', ['-d', path.join(libdir, 'libgalen-groupsig.so')]);
  const libraries = [...needed.matchAll(/NEEDED.*\[(.*)\]/g)].map((m) => m[1]);
  assert.deepEqual(libraries.filter((name) => !/^(libc|libpthread|ld-linux.*)\.so/.test(name)), []);
  assert.match(needed, /SONAME.*\[libgalen-groupsig\.so\.0\]/);
});

test('the example, from C, with the shared library', () => {
  run(cc, [...ccArgs, ...sanitizers, '-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror', example,
    ...pkgConfig('--cflags', '--libs'), '-o', 'shared']);
  const said = run('./shared', [], { LD_LIBRARY_PATH: libdir });
  assert.match(said, /the claim holds/);
  assert.ok(!/FAIL/.test(said));
});

test('the example, from C, with the static library', () => {
  const libs = pkgConfig('--libs', '--static').map((word) =>
    (word === '-lgalen-groupsig' ? path.join(libdir, 'libgalen-groupsig.a') : word));
  run(cc, [...ccArgs, ...sanitizers, '-std=c11', '-D_GNU_SOURCE', example, ...pkgConfig('--cflags'),
    ...libs, '-o', 'static']);
  assert.match(run('./static', []), /the claim holds/);
});

const hasCxx = spawnSync('g++', ['--version']).status === 0;
test('the header, from C++', { skip: hasCxx ? false : 'no g++' }, () => {
  const source = path.join(folder, 'user.cpp');
  fs.writeFileSync(source, `#include <groupsig/groupsig.h>
#include <cstring>
static int none(void *, uint8_t *, size_t) { return 1; }
int main()
{
    groupsig_rng rng = {none, nullptr};
    static groupsig_gm_secret secret;
    uint8_t share[GROUPSIG_GM_SHARE_BYTES];
    groupsig_status status = groupsig_gm_setup(&secret, share, &rng);
    return status == GROUPSIG_ERR_RNG && std::strcmp(groupsig_status_name(status), "rng") == 0 ? 0 : 1;
}
`);
  for (const std of ['c++11', 'c++17', 'c++20'])
    run('g++', [`-std=${std}`, '-Wall', '-Wextra', '-Werror', '-fsyntax-only', source,
      ...pkgConfig('--cflags')]);
  const classic = path.join(folder, 'classic.cpp');
  fs.writeFileSync(classic, '#include "groupsig/classic.h"\nint main() { return GROUPSIG_OK; }\n');
  run('g++', ['-std=c++11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', classic,
    ...pkgConfig('--cflags'), `-I${path.join(root, 'src')}`]);
  if (sanitizers.length > 0) return; // their C++ runtimes differ between gcc and clang
  run('g++', [source, ...pkgConfig('--cflags', '--libs'), '-o', 'user']);
  run('./user', [], { LD_LIBRARY_PATH: libdir });
});
