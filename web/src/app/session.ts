// Who is signed in.
import { signal } from '@preact/signals';
import { api, whenAsked, whenSignedOut, type Schemas } from '../api/client';
import { hush, listen } from '../api/events';

export type Role = Schemas['Role'];
export const session = signal<Schemas['Session'] | undefined>(undefined); // undefined: not known yet
export const unreachable = signal<string | undefined>(undefined);

export async function refresh() {
  try {
    const got = await api.get('/session');
    unreachable.value = undefined;
    session.value = got;
    if (got.signedIn) listen();
    else hush();
  } catch (error) {
    unreachable.value = error instanceof Error ? error.message : String(error);
  }
}

export async function signIn(identity: string, password: string) {
  await api.post('/session', { identity, password });
  await refresh();
}

export async function signOut() {
  await api.delete('/session');
  await refresh();
}

whenAsked(async (intent) => (await import('./wallet')).answer(intent));
whenSignedOut(() => {
  if (session.value?.signedIn) void refresh();
});

export const roleNames: Record<Role, string> = {
  doctor: 'Doctor', patient: 'Patient', hospital: 'Hospital', buyer: 'Buyer',
  gm: 'Group manager', rm: 'Revocation manager',
};
