// A value's place in a record (a JSON Pointer), for people: "Diagnosis 1, also 1: code".
const words: Record<string, string> = { lab_results: 'Result', diagnosis: 'Diagnosis', treatment: 'Treatment', medications: 'Medication',
  postal_code: 'postal code', value_text: 'value', value_coded: 'value', unit_text: 'unit', components: 'part', count: 'Number of', leaves: 'Fields of' };
const plural: Record<string, string> = { diagnosis: 'diagnoses', treatment: 'treatments', medications: 'medications', lab_results: 'results' };

export function sayField(pointer: string): string {
  const parts = pointer.split('/').slice(1).filter((part) => part !== 'medical_data' && part !== 'demographics');
  if (parts.length === 2 && (parts[0] === 'count' || parts[0] === 'leaves')) return `${words[parts[0]]} ${plural[parts[1]!] ?? parts[1]}`;
  let said = '';
  for (const part of parts)
    said += /^\d+$/.test(part) ? ` ${Number(part) + 1}` : `${said && ', '}${words[part] ?? part.replaceAll('_', ' ')}`;
  return said.charAt(0).toUpperCase() + said.slice(1);
}

export function FieldName({ of: pointer }: { of: string }) {
  return <span title={pointer}>{sayField(pointer)}</span>;
}
