// The browser's wallet (EIP-1193, found by EIP-6963): signing in by it (EIP-4361), and what the node asks of it.
// Loaded when it is first needed. What a wallet says of itself is text, and shown as that.
import { signal } from '@preact/signals';
import { api, ApiError, type Schemas } from '../api/client';
import { session } from './session';

type Intent = Schemas['Intent'];
interface Provider { request(call: { method: string; params?: unknown[] }): Promise<unknown> }
export interface Found { id: string; name: string; provider: Provider }

const USED = 'galen.wallet', SENT = 'galen.sent.';
const found = new Map<string, Found>();
export const wallets = signal<Found[]>([]);

addEventListener('eip6963:announceProvider', (event) => {
  const { info, provider } = (event as CustomEvent<{ info?: { rdns?: unknown; name?: unknown }; provider?: Provider }>).detail ?? {};
  if (typeof info?.rdns !== 'string' || typeof provider?.request !== 'function') return;
  found.set(info.rdns, { id: info.rdns, name: String(info.name ?? info.rdns).slice(0, 60), provider });
  wallets.value = [...found.values()];
});
dispatchEvent(new Event('eip6963:requestProvider'));
const old = (globalThis as { ethereum?: Provider }).ethereum; // a wallet that does not announce itself
if (found.size === 0 && typeof old?.request === 'function') wallets.value = [{ id: 'ethereum', name: 'The browser\'s wallet', provider: old }];

const same = (a: unknown, b: string) => typeof a === 'string' && a.toLowerCase() === b.toLowerCase();
const hex = (text: string) => `0x${[...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

// A wallet's refusal in our words: 4001 is its user's.
function refused(error: unknown): ApiError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (error instanceof ApiError) return error;
  if (code === 4001) return new ApiError(0, 'declined', 'You declined it in your wallet.');
  return new ApiError(0, 'wallet-failed', `The wallet says: ${typeof message === 'string' ? message.slice(0, 300) : 'no reason'}`,
    'See to it there, and try again.');
}

async function ask({ provider }: Found, method: string, params?: unknown[]): Promise<unknown> {
  try {
    return await provider.request({ method, ...(params && { params }) });
  } catch (error) {
    throw refused(error);
  }
}

async function beOnChain(wallet: Found, chainId: number) {
  if (Number(await ask(wallet, 'eth_chainId')) !== chainId)
    await ask(wallet, 'wallet_switchEthereumChain', [{ chainId: `0x${chainId.toString(16)}` }]);
}

// The wallet that has the account: the one used last, or any that gives it.
async function walletOf(account: string): Promise<Found> {
  const all = [...wallets.value].sort((a, b) => Number(b.id === localStorage.getItem(USED)) - Number(a.id === localStorage.getItem(USED)));
  for (const method of ['eth_accounts', 'eth_requestAccounts'])
    for (const wallet of all) {
      const accounts = await ask(wallet, method).catch(() => []);
      if (Array.isArray(accounts) && accounts.some((one) => same(one, account))) return wallet;
    }
  throw new ApiError(0, 'no-wallet', all.length === 0 ? 'No wallet was found in this browser.' : `No wallet here gives the account ${account}.`,
    'Open or unlock the wallet, choose that account in it, and try again.');
}

// The message of EIP-4361, signed.
async function signInMessage(wallet: Found) {
  const [account] = await ask(wallet, 'eth_requestAccounts') as string[];
  if (!account) throw new ApiError(0, 'no-wallet', 'The wallet gave no account.');
  const { chainId } = session.value!;
  const { nonce } = await api.post('/session/nonce');
  const message = [`${location.host} wants you to sign in with your Ethereum account:`, account, '',
    `URI: ${location.origin}/`, 'Version: 1', `Chain ID: ${chainId}`, `Nonce: ${nonce}`,
    `Issued At: ${new Date().toISOString()}`].join('\n');
  const signature = await ask(wallet, 'personal_sign', [hex(message), account]) as string;
  return { message, signature };
}

export async function signInByWallet(wallet: Found) {
  await api.post('/session/wallet', await signInMessage(wallet));
  localStorage.setItem(USED, wallet.id);
}

// Managers are the operator's to add.
export const registering = ['patient', 'doctor', 'hospital', 'buyer'] as const;
export async function register(wallet: Found, name: string, role: typeof registering[number]) {
  await api.post('/accounts/wallet', { ...await signInMessage(wallet), name, role });
  localStorage.setItem(USED, wallet.id);
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

// Has the wallet do what the intent says, and tells the node. The call that wanted it is made again afterwards.
export async function answer(intent: Intent): Promise<void> {
  if (intent.state === 'sent') return void await wait(1000); // on its way
  const path = { intent: intent.id }, kept = SENT + intent.id;
  const known = localStorage.getItem(kept); // sent before the page was closed
  if (known) {
    await api.post('/intents/{intent}', { hash: known }, { path });
    localStorage.removeItem(kept);
    return;
  }
  const wallet = await walletOf(intent.identity);
  await beOnChain(wallet, intent.chainId);
  try {
    if (intent.kind === 'signature') {
      const signature = await ask(wallet, 'eth_signTypedData_v4', [intent.identity, JSON.stringify(intent.typedData)]) as string;
      await api.post('/intents/{intent}', { signature }, { path });
      return;
    }
    const hash = await ask(wallet, 'eth_sendTransaction', [intent.transaction]) as string;
    localStorage.setItem(kept, hash);
    await api.post('/intents/{intent}', { hash }, { path });
    localStorage.removeItem(kept);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'declined') await api.delete('/intents/{intent}', { path }).catch(() => undefined);
    throw error;
  }
}
