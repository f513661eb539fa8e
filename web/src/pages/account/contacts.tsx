// Doctors and patients whom the node is to know: their signed cards in, one's own out.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useTask } from '../../api/use';
import { Button, Field } from '../../ui/form';
import { Copy } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Note, Problem } from '../../ui/states';
import { toast } from '../../ui/toast';

export function Contacts() {
  const [text, setText] = useState('');
  const own = useTask(() => api.post('/profile/card', {}));
  const add = useTask(async () => {
    let card: unknown;
    try {
      card = JSON.parse(text);
    } catch {
      throw new Error('This is no contact card: it is not JSON. Paste the whole card, from { to }.');
    }
    const answer = await api.post('/contacts', card as Schemas['Card']);
    setText('');
    toast('The card is taken in');
    return answer;
  });
  const card = own.result && JSON.stringify(own.result);
  return <Card title="Contacts"><div class="stack">
    <Field label="Somebody's contact card" help="A signed JSON text. Check by another way that it is theirs.">{(id) =>
      <textarea id={id} class="mono" value={text} onInput={(e) => setText(e.currentTarget.value)} spellcheck={false} />}</Field>
    <div class="row"><Button isBusy={add.isBusy} disabled={text.trim() === ''} onClick={() => void add.run()}>Take it in</Button>
      <Button isBusy={own.isBusy} onClick={() => void own.run()}>Show my card</Button></div>
    {add.error && <Problem error={add.error} />}
    {own.error && <Problem error={own.error} />}
    {card && <Note><span class="row"><span class="mono small card-text">{card}</span><Copy text={card} what="my card" /></span></Note>}
  </div></Card>;
}
