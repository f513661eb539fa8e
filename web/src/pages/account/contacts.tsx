// Doctors and patients whom the node is to know: their signed cards in, one's own out.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useTask } from '../../api/use';
import { Button, Field } from '../../ui/form';
import { Copy } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Note, Problem } from '../../ui/states';
import { toast } from '../../ui/toast';

async function takeIn(text: string, from: string) {
  let card: unknown;
  try {
    card = JSON.parse(text);
  } catch {
    throw new Error(`${from} is no contact card: it is not JSON. Take the whole card, from { to }.`);
  }
  await api.post('/contacts', card as Schemas['Card']);
}

export function Contacts() {
  const [text, setText] = useState('');
  const own = useTask(() => api.post('/profile/card', {}));
  const add = useTask(async (files: File[]) => {
    if (files.length === 0) await takeIn(text, 'This');
    for (const file of files) await takeIn(await file.text(), file.name);
    setText('');
    toast(files.length > 1 ? `${files.length} cards are taken in` : 'The card is taken in');
  });
  const card = own.result && JSON.stringify(own.result);
  return <Card title="Contacts"><div class="stack">
    <Field label="Somebody's contact card" help="A signed JSON text. Check by another way that it is theirs.">{(id) =>
      <textarea id={id} class="mono" value={text} onInput={(e) => setText(e.currentTarget.value)} spellcheck={false} />}</Field>
    <Field label="Or card files">{(id) => <input id={id} type="file" multiple accept=".json,application/json"
      onChange={(e) => { const input = e.currentTarget; void add.run([...(input.files ?? [])]).then(() => { input.value = ''; }); }} />}</Field>
    <div class="row"><Button isBusy={add.isBusy} disabled={text.trim() === ''} onClick={() => void add.run([])}>Take it in</Button>
      <Button isBusy={own.isBusy} onClick={() => void own.run()}>Show my card</Button></div>
    {add.error && <Problem error={add.error} />}
    {own.error && <Problem error={own.error} />}
    {card && <Note><span class="row"><span class="mono small card-text">{card}</span><Copy text={card} what="my card" />
      <a class="button" href={`data:application/json,${encodeURIComponent(card)}`} download="card.json">Save as a file</a></span></Note>}
  </div></Card>;
}
