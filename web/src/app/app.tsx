import { useEffect } from 'preact/hooks';
import { Toasts } from '../ui/toast';
import { Problem, Waiting } from '../ui/states';
import { refresh, session, unreachable } from './session';
import { Shell } from './shell';
import { SignIn } from './signin';

export function App() {
  useEffect(() => void refresh(), []);
  const who = session.value;
  return <>
    {unreachable.value && !who ? <main class="signin"><Problem error={new Error(unreachable.value)} retry={refresh} /></main>
      : !who ? <main class="signin"><Waiting what="Asking the node" /></main>
      : who.signedIn ? <Shell /> : <SignIn />}
    <Toasts />
  </>;
}
