// Writes the schema's migrations, in the order given, as a C array of strings.
import { readFileSync, writeFileSync } from 'node:fs';

const [output, ...files] = process.argv.slice(2);
const literal = (text) =>
  text.split('\n').filter((line) => line.trim() !== '').map((line) => `    ${JSON.stringify(line + '\n')}`).join('\n');
writeFileSync(output, `static const char *const db_migrations[] = {\n${files
  .map((file) => literal(readFileSync(file, 'utf8'))).join(',\n')},\n};\n`);
