// Writes safeharbor.json's rules and lists as C tables, and the file itself as a text. What does
// not fit together stops the build.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

const [output, file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
const data = JSON.parse(text);
const c = JSON.stringify;
const orNull = (value) => (value === undefined ? 'NULL' : c(value));
const actions = { keep: 'RECORD_KEEP', drop: 'RECORD_DROP', generalise: 'RECORD_GENERALISE' };

for (const [name, rule] of Object.entries(data.rules)) {
  assert.ok(rule.identifier === undefined || rule.identifier in data.identifiers, `rule ${name}: its identifier`);
  assert.ok(data.fields.some((field) => field.rule === name), `rule ${name} is used nowhere`);
}
assert.equal(new Set(data.fields.map((field) => field.path)).size, data.fields.length, 'a field has two rules');
const fields = data.fields.map(({ path, action, rule: name, to, or }) => {
  const rule = data.rules[name];
  assert.ok(action in actions && rule !== undefined, `${path}: its action or rule`);
  assert.ok(action !== 'drop' || (to ?? or) === undefined, `${path} is dropped, and goes nowhere`);
  return `    {${c(path)}, ${actions[action]}, ${c(to ?? path)}, ${orNull(or)}, ${c(name)}, ${orNull(rule.identifier)},\n` +
    `     ${c(rule.reason)},\n     ${orNull(action === 'drop' ? undefined : rule.otherwise)}},`;
});

const span = (from, to) => Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, i) =>
  String.fromCharCode(from.charCodeAt(0) + i)).join('');
const alphabet = (characters) => characters.replace(/(.)-(.)/g, (_, from, to) => span(from, to));
const systems = data.code_systems.map(({ system, characters, length: [min, max] }) =>
  `    {${c(system)}, ${c(alphabet(characters))}, ${min}, ${max}},`);
const list = (items) => items.map((item) => `    ${c(item)},`).join('\n');

writeFileSync(output, `/* Made of safeharbor.json. */
#define RECORD_AGE_BAND_YEARS ${data.age_band.years}
#define RECORD_AGE_OPEN_FROM ${data.age_band.open_from}

static const struct record_field_rule field_rules[] = {
${fields.join('\n')}
};

static const struct {
    const char *system, *alphabet;
    size_t min, max;
} code_systems[] = {
${systems.join('\n')}
};

static const char *const identifying_loinc[] = {
${list(data.identifying_loinc.codes)}
};

static const char *const us_names[] = {
${list(data.united_states)}
};

static const char *const countries[] = {
${list(data.countries)}
};

static const struct {
    const char *code, *name;
} states[] = {
${Object.entries(data.states).map(([code, name]) => `    {${c(code)}, ${c(name)}},`).join('\n')}
};

/* A text of one line each: a C compiler need not take longer ones. */
static const char *const safeharbor_json[] = {
${list(text.split('\n').filter((line) => line !== '').map((line) => `${line}\n`))}
};
`);
