// Mutants that behave as the original does, by their description, each with the reason.
const ROOM = 'more room than is used: the list is cut to what was added, the tree is read from its start';
const SCRATCH = 'what is copied besides is no part of the question, or goes where nothing is kept';
const IDLE = 'a push has two words at most: one more round finds no entry to pay and changes no word';
const ONE_GAS = 'the limit is generous; one unit of gas more or less is nobody\'s';
const NOBODY = 'the account that may act early is nobody: no transaction comes from address 0 or 1';
const SAME = 'both ways come to the same value';
const DEARER = 'memory that is not given back costs gas alone, which docs/gas.md holds';
const UNPAID = 'a data contract is not made for want of gas alone, and then too little is left to note it';
const UNCONFIRMED = 'of the confirmed versions all but the current one are retired';
const CACHED = 'the version\'s own entry names the same data, in one more storage slot';
const CANONICAL = 'that byte of a field element is 0, or the pairing refuses it';
const FIRST_BYTES = 'of a slice no byte is read behind the 48 or 64 of a coordinate';
const COMMUTES = 'the hash sorts its two arguments';

const X_G = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[98:146], points[0:64], _isUpperHalf(points[64:128]))';
const X_R = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[362:410], points[128:192], _isUpperHalf(points[192:256]))';
const R = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[2:50], points[320:384], _isUpperHalfOfTwo(points[384:512]))';
const list = (reason, ...names) => names.map((name) => [name, reason]);
const pays = 'PaymentList memory pays = _newPayments';

export const EQUIVALENT = Object.fromEntries([
  ...list(ROOM,
    `datahub/InvalidEntries.sol: ${pays}(3); [literal at 39: 3 -> 4]`,
    `datahub/Disputes.sol: ${pays}(3); [literal at 39: 3 -> 4]`,
    `datahub/Settlement.sol: ${pays}(4); [literal at 39: 4 -> 5]`,
    `datahub/Settlement.sol: ${pays}(n + 1); [literal at 43: 1 -> 2]`,
    `datahub/Settlement.sol: ${pays}(1); [literal at 39: 1 -> 2]`,
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 38: 2 -> 3]',
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 46: 1 -> 0]',
    'datahub/Settlement.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [operator at 44: - -> +]',
    'datahub/Requests.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 46: 1 -> 0]',
    'datahub/Requests.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [literal at 38: 2 -> 3]',
    'datahub/Requests.sol: bytes32[] memory tree = new bytes32[](2 * n - 1); [operator at 44: - -> +]'),
  ...list(SCRATCH,
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 36: 0 -> 1]',
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 42: 0 -> 1]',
    'datahub/Payments.sol: ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0) [assembly at 45: 0 -> 1]',
    'datahub/GroupKeys.sol: extcodecopy(data, 0, 1, 32) [assembly at 24: 32 -> 33]',
    'datahub/KeyPoints.sol: ok := staticcall(150000, 0x0f, add(pairs, 32), 768, 0, 0) [assembly at 52: 0 -> 1]',
    'datahub/KeyPoints.sol: ok := staticcall(150000, 0x0f, add(pairs, 32), 768, 0, 0) [assembly at 55: 0 -> 1]',
    'datahub/KeyPoints.sol: ok := staticcall(2000, 0x0b, add(pairs, 32), 256, add(x, 32), 128) [assembly at 62: 128 -> 129]',
    'datahub/KeyPoints.sol: calldatacopy(add(pairs, 32), points.offset, 256) [assembly at 44: 256 -> 257]'),
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
  ...list(SAME,
    'datahub/Requests.sol: if (entry.minPayout > highest) highest = entry.minPayout; [operator at 20: > -> >=]'),
  ...list(UNPAID,
    'datahub/GroupKeys.sol: if (where == address(0)) revert BadGroupKey(); [condition at 4: where == address(0) -> false]',
    'datahub/GroupKeys.sol: if (where == address(0)) revert BadGroupKey(); [literal at 21: 0 -> 1]'),
  ...list(UNCONFIRMED,
    'datahub/GroupKeys.sol: if (former.confirmedAt == 0) revert KeyNotConfirmed(version); [member at 11: confirmedAt -> retiredAt]'),
  ...list(CACHED,
    'datahub/GroupKeys.sol: if (version == currentKeyVersion && version != 0) return _currentKey; [condition at 4: version == currentKeyVersion && version != 0 -> false]'),
  ...list(CANONICAL,
    'datahub/KeyPoints.sol: bool zero = uint256(bytes32(y128[64:])) | uint256(bytes32(y128[96:])) == 0; [literal at 33: 64 -> 65]'),
  ...list(FIRST_BYTES,
    `${X_G} [literal at 29: 146 -> 147]`, `${X_G} [literal at 44: 64 -> 65]`,
    `${X_G} [literal at 72: 128 -> 129]`,
    `${X_R} [literal at 30: 410 -> 411]`, `${X_R} [literal at 47: 192 -> 193]`,
    `${X_R} [literal at 77: 256 -> 257]`,
    `${R} [literal at 28: 50 -> 51]`, `${R} [literal at 44: 384 -> 385]`,
    'datahub/KeyPoints.sol: return _isUpperHalf(zero ? y128[:64] : y128[64:]); [literal at 33: 64 -> 65]'),
  ...list(COMMUTES,
    'datahub/EntryTree.sol: tree[i - 1] = Hashes.commutativeKeccak256(tree[2 * i - 1], tree[2 * i]); [arguments at 42: tree[2 * i - 1], tree[2 * i] -> tree[2 * i], tree[2 * i - 1]]'),
]);
