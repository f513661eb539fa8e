// Mutants that behave as the original does, by their description, each with the reason.
const ROOM = 'room that is not used, or that rounding up to whole words gives back: lists are cut to what was added';
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
const MORE = 'the constructor tries more, or tries a sum of one only as a multiple';
const DONE = 'it lies where nothing is that is read again: at construction, or before a verdict or revert';
const COMMUTES = 'the hash sorts its two arguments';

const X_G = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[98:146], points[0:64], _isUpperHalf(points[64:128]))';
const X_R = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[362:410], points[128:192], _isUpperHalf(points[192:256]))';
const R = 'datahub/KeyPoints.sol: && _isCompressed(groupKey[2:50], points[320:384], _isUpperHalfOfTwo(points[384:512]))';
const bls = (line, ...changes) => changes.map((change) => `datahub/Bls12381.sol: ${line} [${change}]`);
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
    'datahub/Settlement.sol: if (p.state == RequestState.Delivered) _finalize(id, r, p, address(0)); [literal at 67: 0 -> 1]',
    'datahub/Settlement.sol: if (p.state != RequestState.Finalized) _finalize(id, r, p, address(0)); [literal at 67: 0 -> 1]'),
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
    'datahub/GroupKeys.sol: if (version == currentKeyVersion && version != 0) return _currentKey; [deletion at 50: return _currentKey; -> {}]',
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
  ...list(ROOM,
    ...bls('bytes memory pairs = take(768);', 'literal at 26: 768 -> 769', 'literal at 26: 768 -> 767'),
    ...bls('bytes memory both = take(256);', 'literal at 25: 256 -> 257', 'literal at 25: 256 -> 255'),
    ...bls('bytes memory pair = newSum(1);', 'literal at 27: 1 -> 2', 'literal at 27: 1 -> 0'),
    ...bls('bytes memory pairs = newSum(2);', 'literal at 28: 2 -> 3'),
    ...bls('bytes memory outside = new bytes(128);', 'literal at 33: 128 -> 129'),
    ...bls('bytes memory three = new bytes(128);', 'literal at 31: 128 -> 129', 'literal at 31: 128 -> 127'),
    ...bls('if (compute(pairs, 2, pointOf(new bytes(128)))) revert PrecompileUnusable(G1MSM);',
      'literal at 40: 128 -> 129', 'literal at 40: 128 -> 127'),
    ...bls('mstore(0x40, and(add(data, add(size, 63)), not(31)))', 'assembly at 37: 63 -> 64',
      'assembly at 47: 31 -> 30'),
    'datahub/SignatureVerifier.sol: Point zuG = Bls12381.pointOf(Bls12381.take(128)); [literal at 43: 128 -> 129]',
    'datahub/SignatureVerifier.sol: Point zuG = Bls12381.pointOf(Bls12381.take(128)); [literal at 43: 128 -> 127]',
    'datahub/SignatureVerifier.sol: bytes memory sum = Bls12381.newSum(3); [literal at 35: 3 -> 4]'),
  ...list(SCRATCH,
    ...bls('mcopy(pair, p, 128)', 'assembly at 15: 128 -> 129'),
    ...bls('mcopy(add(both, 32), p, 128)', 'assembly at 24: 128 -> 129'),
    ...bls('mcopy(add(both, 160), q, 128)', 'assembly at 25: 128 -> 129'),
    ...bls('mcopy(add(pairs, 32), p1, 128)', 'assembly at 26: 128 -> 129'),
    ...bls('mcopy(add(pairs, 160), q1, 256)', 'assembly at 27: 256 -> 257'),
    ...bls('mcopy(add(pairs, 416), p2, 128)', 'assembly at 27: 128 -> 129'),
    ...bls('mcopy(add(pairs, 544), q2, 256)', 'assembly at 27: 256 -> 257'),
    ...bls('for (uint256 i = 0; i < n; ++i) {', 'operator at 22: < -> <='),
    ...bls('_call(PAIRING, gasleft(), Point.unwrap(pointOf(pairs)), 768, 0, 32);', 'literal at 61: 0 -> 1'),
    ...bls('_call(SHA256, gasleft(), Point.unwrap(pointOf(data)), data.length, 0, 32);', 'literal at 67: 0 -> 1')),
  ...list(MORE,
    ...bls('for (uint256 n = 1; n <= 3; ++n) {', 'literal at 25: 3 -> 4', 'literal at 17: 1 -> 2'),
    ...bls('for (uint256 k = 0; k < 2; ++k) {', 'operator at 22: < -> <=', 'literal at 24: 2 -> 3')),
  ...list(DONE,
    ...bls('bytes memory pairs = newSum(n);', 'deletion at 18:  = newSum(n) -> '),
    ...bls('bytes memory pairs = newSum(2);', 'deletion at 18:  = newSum(2) -> '),
    ...bls('bytes memory three = new bytes(128);', 'deletion at 18:  = new bytes(128) -> '),
    'datahub/SignatureVerifier.sol: bytes memory sum = Bls12381.newSum(3); [literal at 35: 3 -> 2]'),
  ...list(SAME,
    'datahub/SignatureVerifier.sol: for (uint256 i = A; i <= T; ++i) { [deletion at 14:  = A -> ]'),
  ...list(ONE_GAS,
    ...bls('if (gasleft() < needed) revert TooLittleGas(gasleft(), needed);', 'operator at 14: < -> <=')),
  ...list(COMMUTES,
    'datahub/EntryTree.sol: tree[i - 1] = Hashes.commutativeKeccak256(tree[2 * i - 1], tree[2 * i]); [arguments at 42: tree[2 * i - 1], tree[2 * i] -> tree[2 * i], tree[2 * i - 1]]'),
]);
