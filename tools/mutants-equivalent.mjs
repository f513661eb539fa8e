// Mutants that behave as the original does, by their description, each with the reason.
const ROOM = 'more room than is used: the list is cut to what was added, the tree is read from its start';
const SCRATCH = 'nothing is copied in or out; a byte of an answer would go where nothing is kept';
const IDLE = 'a push has two words at most: one more round finds no entry to pay and changes no word';
const ONE_GAS = 'the limit is generous; one unit of gas more or less is nobody\'s';
const NOBODY = 'the account that may act early is nobody: no transaction comes from address 0 or 1';
const SAME = 'both ways come to the same value';
const DEARER = 'memory that is not given back costs gas alone, which docs/gas.md holds';
const COMMUTES = 'the hash sorts its two arguments';

const list = (reason, ...names) => names.map((name) => [name, reason]);
const pays = 'PaymentList memory pays = _newPayments';

export const EQUIVALENT = Object.fromEntries([
  ...list(ROOM,
    `datahub/InvalidEntries.sol: ${pays}(3); [literal at 39: 3 -> 4]`,
    `datahub/Settlement.sol: ${pays}(4); [literal at 39: 4 -> 5]`,
    `datahub/Settlement.sol: ${pays}(n + 1); [literal at 43: 1 -> 2]`,
    `datahub/Settlement.sol: ${pays}(1); [literal at 39: 1 -> 2]`,
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 38: 2 -> 3]',
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 46: 1 -> 0]',
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [operator at 44: - -> +]'),
  ...list(SCRATCH,
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 36: 0 -> 1]',
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 42: 0 -> 1]',
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 45: 0 -> 1]'),
  ...list(IDLE,
    'datahub/Settlement.sol: for (uint256 i = w * 32; i < n && i < w * 32 + 32; ++i) { [literal at 42: 32 -> 33]',
    'datahub/Settlement.sol: for (uint256 i = w * 32; i < n && i < w * 32 + 32; ++i) { [literal at 47: 32 -> 33]',
    'datahub/Settlement.sol: for (uint256 i = w * 32; i < n && i < w * 32 + 32; ++i) { [operator at 36: < -> <=]',
    'datahub/Settlement.sol: for (uint256 w = 0; w * 32 < n; ++w) { [literal at 24: 32 -> 31]',
    'datahub/Settlement.sol: for (uint256 w = 0; w * 32 < n; ++w) { [operator at 27: < -> <=]'),
  ...list(ONE_GAS,
    'datahub/Payments.sol: if (gasleft() < GAS_BEFORE_PAYMENT) revert TooLittleGas(gasleft(), GAS_BEFORE_PAYMENT); [operator at 14: < -> <=]'),
  ...list(NOBODY,
    'datahub/Settlement.sol: if (p.state == RequestState.Delivered) _finalize(id, r, p, address(0)); [literal at 67: 0 -> 1]'),
  ...list(SAME,
    'datahub/Entries.sol: if (bad != 0) r.progress.invalid = uint16(count - good); [condition at 4: bad != 0 -> true]'),
  ...list(SAME,
    'datahub/Settlement.sol: for (uint256 index = 0; index < n; ++index) { [literal at 21: 0 -> 1]',
    'datahub/Profiles.sol: msg.sender, profileCid, nonce < block.timestamp ? uint64(block.timestamp) : nonce [operator at 30: < -> <=]'),
  ...list(DEARER,
    'datahub/Settlement.sol: Scratch.reset(scratch); [deletion at 0: Scratch.reset(scratch); -> {}]'),
  ...list(COMMUTES,
    'datahub/EntryTree.sol: tree[i - 1] = Hashes.commutativeKeccak256(tree[2 * i - 1], tree[2 * i]); [arguments at 42: tree[2 * i - 1], tree[2 * i] -> tree[2 * i], tree[2 * i - 1]]'),
]);
