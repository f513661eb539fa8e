// A record that may be false: both managers are asked to look into it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Field } from '../../ui/form';
import { Card } from '../../ui/layout';

export function Complain({ record }: { record: string }) {
  const [reason, setReason] = useState('');
  return <Card title="Is it false?"><div class="stack">
    <p class="quiet">Both managers log the complaint. Only together can they read the record and find out who signed it. <Link to="/complaints">Your complaints</Link></p>
    <Field label="What is wrong with the record">{(id) => <textarea id={id} maxLength={500} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}</Field>
    <div><Act label="Complain" disabled={reason.trim() === ''} call={(query) => api.post('/complaints', { record, reason }, { query })}
      done={() => setReason('')} said="Both managers have it"><p>The managers see who complains. If both agree, they can read this record from then on.</p></Act></div>
  </div></Card>;
}
