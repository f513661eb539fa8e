// HL7 FHIR R4 made up for tests: a patient and its encounters, each with a diagnosis and a result, as NDJSON.
const day = (i) => new Date(Date.UTC(2024, 0, 1) + i * 36e5).toISOString().replace('.000', '');

// change(i, resources) may alter what encounter i has, or add to it.
export function makeNdjson(count, change = () => {}) {
  const patient = { resourceType: 'Patient', id: 'made-up', gender: 'female', birthDate: '1961-05-04',
    address: [{ state: 'MA', country: 'US' }] };
  const subject = { reference: 'Patient/made-up' };
  const resources = [patient];
  for (let i = 0; i < count; i++) {
    const encounter = { reference: `Encounter/visit-${i}` };
    const own = [
      { resourceType: 'Encounter', id: `visit-${i}`, status: 'finished', class: { code: 'AMB' }, subject,
        serviceType: { coding: [{ system: 'http://snomed.info/sct', code: '394579002', display: 'Cardiology' }] },
        period: { start: day(i), end: day(i) } },
      { resourceType: 'Condition', id: `condition-${i}`, subject, encounter, onsetDateTime: day(i),
        code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003', display: `Hypertension ${i}` }] } },
      { resourceType: 'Observation', id: `result-${i}`, status: 'final', subject, encounter, effectiveDateTime: day(i),
        category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'laboratory' }] }],
        code: { coding: [{ system: 'http://loinc.org', code: '2093-3', display: 'Cholesterol' }] },
        valueQuantity: { value: 150 + i % 90, unit: 'mg/dL', system: 'http://unitsofmeasure.org', code: 'mg/dL' } },
    ];
    change(i, own);
    resources.push(...own);
  }
  return resources.map((one) => JSON.stringify(one)).join('\n');
}

// Fits a record's rules, and its envelope fits no block.
export function makeTooLarge(own) {
  const condition = own.find((one) => one.resourceType === 'Condition');
  for (let k = 0; k < 1500; k++)
    own.push({ ...condition, id: `${condition.id}-${k}`,
      code: { coding: [{ ...condition.code.coding[0], display: `${k} `.padEnd(1000, 'x') }] } });
}
