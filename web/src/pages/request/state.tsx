// A request's way: where it is, what money lies where, who moves next.
import type * as preact from 'preact';
import type { Schemas } from '../../api/client';
import { Badge, type Tone } from '../../ui/layout';
import { count, Eth } from '../../ui/money';
import { Steps, type Step } from '../../ui/steps';
import { sayDuration, Time } from '../../ui/time';

export type Request = Schemas['Request'];
export type ShownRequest = Schemas['ShownRequest'];
type State = Request['state'];

const states: Record<State, [string, Tone?]> = {
  pending: ['waits for an offer', 'warn'], replied: ['offered', 'busy'], filled: ['delivered', 'busy'], verified: ['verified', 'good'],
  disputed: ['disputed', 'bad'], finalized: ['paid', 'good'], refunded: ['refunded'],
};

export function RequestState({ state }: { state: State }) {
  const [text, tone] = states[state];
  return <Badge tone={tone}>{text}</Badge>;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

// How many steps are behind it; the next one is what is awaited, or where it stopped.
function stepsDone(one: ShownRequest): number {
  if (one.state === 'refunded') return one.count ? 3 : one.hospital ? 2 : 1;
  return { pending: 1, replied: 2, filled: 3, disputed: 3, verified: 4, finalized: 5 }[one.state];
}

export function Progress({ of: one }: { of: ShownRequest }) {
  const done = stepsDone(one), isStopped = one.state === 'refunded' || one.state === 'disputed';
  const next = one.next;
  const awaited = one.state === 'refunded' ? <p>The money went back to the buyer.</p>
    : next?.what && <p>{next.who && <b>{capital(next.who)}: </b>}{next.what}{next.by && <> (time ends <Time at={next.by} />)</>}.
      {next.otherwise && <span class="quiet"> Otherwise {next.otherwise}.</span>}</p>;
  const facts: [string, preact.ComponentChildren][] = [
    ['Requested', <><Eth wei={one.escrowWei} /> in escrow, <Time at={one.opened} /></>],
    ['Offered', <>with a bond of <Eth wei={one.bondWei} /></>],
    ['Delivered', <>{count(one.count)} records, <Eth wei={one.partWei} /> each</>],
    ['Verified', one.verifyWindowS && <>within {sayDuration(one.verifyWindowS)}</>],
    ['Paid', <>{count(one.settled)} of {count(one.count)} records</>],
  ];
  return <Steps steps={facts.map(([title, fact], i): Step => i < done
    ? { title, state: 'done', detail: fact && <p class="quiet">{fact}</p> }
    : i > done ? { title, state: 'later' } : { title, state: isStopped ? 'failed' : 'now', detail: awaited })} />;
}

// What a template asks for, in words.
const words: Record<string, string> = { age: 'age band', lab_results: 'laboratory results', location: 'place', diagnosis: 'diagnoses',
  treatment: 'treatments' };
export function sayFields(template: Schemas['Template'] | Schemas['GivenTemplate']): string {
  const asked = Object.entries({ ...template.demographics, ...template.medical_data }).filter(([, is]) => is);
  return asked.map(([name]) => words[name] ?? name).join(', ');
}
