// The analysers, each as a function that gives {findings: [{rule, at, text}], did}, or {absent: why}.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { findBinary, root } from '../../tools/forge-binaries.mjs';

const own = path.join(root, 'build-tools', 'analysis');
const work = path.join(own, 'work');
const inVenv = (name) => path.join(own, 'venv', 'bin', name);
const noPyPI = 'PyPI\'s packages are not installed (contracts/analysis/install.sh says why)';
const lines = (text) => text.split('\n');
const settings = JSON.parse(fs.readFileSync(path.join(root, 'tools', 'solc-settings.json'), 'utf8'));
const remappings = ['@openzeppelin/=node_modules/@openzeppelin/'];
const readSource = (file) => fs.readFileSync(path.join(root, file), 'utf8');

function run(command, args, options = {}) {
  fs.mkdirSync(work, { recursive: true });
  const done = spawnSync(command, args, {
    cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options,
    env: { ...process.env, ...options.env },
  });
  if (done.error) throw done.error;
  return done;
}

/** A tool that wrote no report has not passed. */
function readReport(file, done) {
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
  throw new Error(`no report: ${done.stdout.slice(-2000)}${done.stderr.slice(-2000)}`);
}

function solhint() {
  const done = run(path.join(own, 'node_modules', '.bin', 'solhint'), [
    '--config', path.join(root, 'contracts/analysis/solhint.json'), '--formatter', 'json', '--noPoster',
    '--disc', 'DataHub.sol', 'datahub/*.sol',
  ], { cwd: path.join(root, 'contracts') });
  const report = JSON.parse(done.stdout.slice(done.stdout.indexOf('[')));
  const findings = report.filter(({ ruleId }) => ruleId).map(({ ruleId, filePath, line, message }) =>
    ({ rule: ruleId, at: filePath, text: `line ${line}: ${message}` }));
  const files = fs.readdirSync(path.join(root, 'contracts', 'datahub')).length + 1;
  return { findings, did: `${files} files` };
}

// What solc's model checker (CHC) is asked of each contract of Proofs.sol.
const QUESTIONS = {
  MoneyProof: ['assert'], // its divisors are not 0, as `require` says
  TreeProof: ['assert', 'underflow', 'outOfBounds'],
};
const PROOFS = 'contracts/analysis/Proofs.sol';

function checkModel(z3, contract, targets) {
  const output = JSON.parse(createRequire(import.meta.url)('solc').compile(JSON.stringify({
    language: 'Solidity',
    sources: { [PROOFS]: { content: readSource(PROOFS) } },
    settings: {
      evmVersion: settings.evmVersion,
      remappings,
      outputSelection: { '*': { '': ['ast'] } },
      modelChecker: {
        engine: 'chc', contracts: { [PROOFS]: [contract] }, targets, solvers: ['smtlib2'],
        showProvedSafe: true, showUnproved: true,
      },
    },
  }), {
    import: (name) => ({ contents: readSource(name) }),
    smtSolver: (query) => ({
      contents: run(z3, ['-smt2', '-in', '-T:60', 'rewriter.pull_cheap_ite=true',
        'fp.spacer.q3.use_qgen=true', 'fp.spacer.mbqi=false', 'fp.spacer.ground_pobs=false'],
      { input: query }).stdout,
    }),
  }));
  return output.errors ?? [];
}

/** solc's model checker on Proofs.sol: every assertion there must be proved. */
function solc() {
  const z3 = inVenv('z3');
  if (!fs.existsSync(z3)) return { absent: `its model checker needs z3; ${noPyPI}` };
  const notes = Object.entries(QUESTIONS).flatMap(([contract, targets]) =>
    checkModel(z3, contract, targets));
  const findings = notes.filter(({ severity, sourceLocation }) =>
    severity !== 'info' && sourceLocation && !sourceLocation.file.startsWith('node_modules/'))
    .map(({ errorCode, sourceLocation, message }) =>
      ({ rule: errorCode, at: sourceLocation.file, text: message }));
  const safe = notes.filter(({ message }) => /check is safe!/.test(message));
  const assertions = safe.filter(({ message }) => message.includes('Assertion')).length;
  const stated = readSource(PROOFS).match(/\bassert\(/g).length;
  if (assertions !== stated || safe.length === assertions) {
    findings.push({ rule: 'proved', at: PROOFS,
      text: `${assertions} of ${stated} assertions, ${safe.length - assertions} bounds` });
  }
  return { findings, did: `${assertions} assertions and ${safe.length - assertions} bounds proved` };
}

function slither() {
  const program = inVenv('slither');
  if (!fs.existsSync(program)) return { absent: noPyPI };
  const [input, report] = ['slither-input.json', 'slither.json'].map((name) => path.join(work, name));
  fs.mkdirSync(work, { recursive: true });
  fs.rmSync(report, { force: true });
  const file = 'contracts/DataHub.sol';
  fs.writeFileSync(input, JSON.stringify({
    language: 'Solidity',
    sources: { [file]: { content: readSource(file) } },
    settings: { ...settings, remappings },
  }));
  const done = run(program, [input, '--compile-force-framework', 'solc-json',
    '--solc', path.join(root, 'tools', 'solc-forge.mjs'), '--json', report,
    '--filter-paths', 'node_modules/']);
  const { success, error, results } = readReport(report, done);
  if (!success) throw new Error(`slither: ${error}`);
  const place = ([first]) => {
    if (!first) return 'all';
    const { type, name, type_specific_fields: more, source_mapping: source } = first;
    return type === 'function' ? `${more.parent.name}.${name}` : `${source.filename_relative}: ${name}`;
  };
  const findings = (results.detectors ?? []).map(({ check, elements, description }) =>
    ({ rule: check, at: check === 'pragma' ? 'all' : place(elements), text: description }));
  const [, did] = /analyzed \((.*?)\)/.exec(done.stderr) ?? [];
  if (!did) throw new Error(`slither analysed nothing: ${done.stderr.slice(-2000)}`);
  return { findings, did };
}

/** Symbolic.sol: a check_ must hold, a refute_ must not. */
function halmos() {
  const program = inVenv('halmos');
  if (!fs.existsSync(program)) return { absent: noPyPI };
  const report = path.join(work, 'halmos.json');
  fs.rmSync(report, { force: true });
  const contracts = path.join(root, 'contracts');
  const out = path.join(work, 'forge-out');
  const bin = path.join(work, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.rmSync(path.join(bin, 'forge'), { force: true });
  fs.symlinkSync(findBinary('forge'), path.join(bin, 'forge'));
  const done = run(program, ['--root', contracts, '--forge-build-out', path.relative(contracts, out),
    '--solver-command', inVenv('yices-smt2'), '--solver-timeout-assertion', '120s', '--loop', '256',
    '--function', '(check|refute)_', '--early-exit', '--no-status', '--json-output', report], {
    cwd: contracts, // solc's path in foundry.toml begins there
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      FOUNDRY_PROFILE: 'analysis',
      FOUNDRY_OUT: out,
      FOUNDRY_CACHE_PATH: path.join(work, 'forge-cache'),
    },
  });
  const results = Object.entries(readReport(report, done).test_results).flatMap(([suite, tests]) =>
    tests.map((test) => ({ ...test, name: test.name.split('(')[0], suite: suite.split(':')[1] })));
  const findings = [];
  for (const { name, suite, exitcode, num_bounded_loops: bounded } of results) {
    const wanted = name.startsWith('check_') ? 0 : 1;
    if (exitcode !== wanted) {
      findings.push({ rule: wanted ? 'vacuous' : 'property', at: `${suite}.${name}`,
        text: `ended with ${exitcode} (0 holds, 1 counterexample, 2 time out, else it did not finish)` });
    }
    if (bounded) {
      findings.push({ rule: 'bounded', at: `${suite}.${name}`, text: `${bounded} loops not followed to their end` });
    }
  }
  const stated = [...readSource('contracts/analysis/Symbolic.sol').matchAll(/function ((?:check|refute)_\w+)/g)];
  for (const [, name] of stated) {
    if (!results.some((result) => result.name === name)) {
      findings.push({ rule: 'property', at: name, text: 'it did not run' });
    }
  }
  const held = results.filter(({ name, exitcode }) => name.startsWith('check_') && exitcode === 0).length;
  return { findings, did: `${held} properties hold on all paths` };
}

/** gcc's -fanalyzer over src, everything compiled anew: ninja shows a warning once only. */
function gcc() {
  const folder = path.join(root, 'build-analyze');
  if (!fs.existsSync(path.join(folder, 'build.ninja'))) {
    const done = run('meson', ['setup', folder, '-Dtests=false', '-Dc_args=-fanalyzer'], { env: { CC: 'gcc' } });
    if (done.status) throw new Error(`meson: ${done.stdout}${done.stderr}`);
  }
  run('ninja', ['-C', folder, '-t', 'clean']);
  const done = run('ninja', ['-C', folder], { env: { LC_ALL: 'C' } });
  if (done.status) throw new Error(`ninja: ${done.stdout.slice(-4000)}`);
  // one finding may be printed once for every way that leads there
  const findings = [...new Set(lines(done.stdout))].flatMap((line) => {
    const found = /^\.\.\/(\S+?):(\d+):\d+: warning: (.*?)(?: \[CWE-\d+\])? \[-W(\S+)\]$/.exec(line);
    return found ? [{ rule: found[4], at: `${found[1]}: ${found[3]}`, text: `line ${found[2]}` }] : [];
  });
  const [version] = lines(run('gcc', ['--version']).stdout);
  return { findings, did: version };
}

export const tools = { solhint, solc, slither, halmos, gcc };
