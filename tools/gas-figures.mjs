// The measured figures of docs/gas.md as C (struct gas_figure, src/workflow/gas.h): what galen computes
// costs from is what was measured, and nothing else.
// Usage: gas-figures.mjs docs/gas.md OUT.c
import fs from 'node:fs';

const [table, output] = process.argv.slice(2);
const rows = [...fs.readFileSync(table, 'utf8').matchAll(/^\| ([^|]+) \| ([\d,]+) \|.*$/gm)]
  .map(([, call, gas]) => [call.trim(), Number(gas.replaceAll(',', ''))])
  .filter(([call]) => !call.includes('execution alone')); // no transaction
if (rows.length < 40 || rows.some(([call, gas]) => !/^[\w (),:-]+$/.test(call) || !(gas > 0)))
  throw new Error(`${table}: not the table that tools/gas-table.mjs writes`);
fs.writeFileSync(output, `/* Made by tools/gas-figures.mjs from docs/gas.md. */
#include "workflow/gas.h"

const struct gas_figure gas_figures[] = {
${rows.map(([call, gas]) => `    {"${call}", ${gas}},`).join('\n')}
};
const size_t gas_n_figures = sizeof gas_figures / sizeof *gas_figures;
`);
