// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {DataHub} from "../DataHub.sol";
import {Requests} from "../datahub/Requests.sol";
import {
    Entry,
    EntryStatus,
    RequestInfo,
    RequestState,
    Terms,
    Verdict
} from "../datahub/Types.sol";
import {GroupSigner} from "./GroupSigner.sol";
import {Reenterer} from "./Hostile.sol";
import {Vm} from "./Vm.sol";

/// @notice A deployed DataHub, its roles, real keys and signatures, and short ways to each state.
abstract contract HubTest {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant RM_KEY = 0xb0b;
    uint256 internal constant OWNER_KEY = 0xa11ce;
    uint256 internal constant RELEASE_KEY = 0x5a1e;
    bytes32 internal constant MANIFEST = keccak256("manifest");
    bytes32 internal constant TEMPLATE = keccak256("template");

    address internal immutable gm = _account("group manager");
    address internal immutable rm = vm.addr(RM_KEY);
    address internal immutable hospital = _account("hospital");
    address internal immutable buyer = _account("buyer");
    address internal immutable patient = _account("patient");
    address internal immutable stranger = _account("stranger");

    DataHub internal hub;
    GroupSigner internal signer;
    bytes internal creationCode;
    bytes internal groupKey;
    bytes32 internal fingerprint;
    bytes internal points;
    bytes internal pointX;
    bytes32[] internal msgs; // what sigs sign
    bytes[] internal sigs;
    bytes[] internal ys;

    function setUp() public virtual {
        vm.warp(START);
        string memory artifact =
            vm.envOr("GALEN_DATAHUB_JSON", string("../build/contracts/DataHub.json"));
        creationCode = vm.parseJsonBytes(vm.readFile(artifact), ".bytecode");
        string memory vectors = vm.readFile("../tests/vectors/cpy06-g1.json");
        string memory more = vm.readFile("test/points.json");
        groupKey = _hexAt(vectors, ".setup.group_key");
        fingerprint = bytes32(_hexAt(vectors, ".setup.fingerprint"));
        points = vm.parseJsonBytes(more, ".points");
        pointX = vm.parseJsonBytes(more, ".x");
        for (uint256 i = 0; i < 8; ++i) {
            string memory n = vm.toString(i);
            msgs.push(bytes32(_hexAt(vectors, string.concat(".signatures[", n, "].msg32"))));
            sigs.push(_hexAt(vectors, string.concat(".signatures[", n, "].signature")));
            ys.push(vm.parseJsonBytes(more, string.concat(".ys[", n, "]")));
        }
        signer = _signer(vectors, more);
        hub = _deploy(gm, rm);
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal([hospital, buyer][i], 1000 ether);
        }
        vm.prank(gm);
        hub.setHospital(hospital, true);
        _installKey();
    }

    function _signer(string memory vectors, string memory more) private returns (GroupSigner) {
        GroupSigner.Key memory key;
        key.fingerprint = fingerprint;
        key.groupX = pointX;
        key.q = vm.parseJsonBytes(more, ".q");
        key.u = vm.parseJsonBytes(more, ".u");
        key.a = vm.parseJsonBytes(more, ".a");
        key.t = uint256(bytes32(_hexAt(vectors, ".members[0].t")));
        key.x = uint256(bytes32(_hexAt(vectors, ".members[0].x")));
        return new GroupSigner(key);
    }

    // ---------------------------------------------------------------- small helpers

    function _account(string memory name) internal pure returns (address account) {
        account = address(uint160(uint256(keccak256(bytes(name)))));
    }

    function _hexAt(string memory json, string memory key) internal pure returns (bytes memory) {
        return vm.parseBytes(string.concat("0x", vm.parseJsonString(json, key)));
    }

    // Not `new`: what is tested is the artifact that the build ships.
    function _deploy(address first, address second) internal returns (DataHub) {
        bytes memory code = bytes.concat(creationCode, abi.encode(first, second));
        address where;
        assembly ("memory-safe") {
            where := create(0, add(code, 32), mload(code))
            if iszero(where) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
        return DataHub(where);
    }

    /// @notice What a call uses, whatever it is, if it succeeds; the caller's own memory apart.
    function _gasOf(bytes memory data) internal returns (uint256 used) {
        address to = address(hub);
        bool ok;
        assembly ("memory-safe") {
            used := gas()
            ok := call(gas(), to, 0, add(data, 32), mload(data), 0, 0)
            used := sub(used, gas())
        }
        vm.assertTrue(ok, "done");
    }

    function _bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + value % (high - low + 1);
    }

    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digest(structHash));
        return abi.encodePacked(r, s, v);
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Galen"),
                keccak256("1"),
                block.chainid,
                address(hub)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    // ---------------------------------------------------------------- ways to a state

    /// @notice Proposes and confirms the vectors' group key as the next version.
    function _installKey() internal returns (uint32 version) {
        vm.prank(gm);
        version = hub.setGroupKey(fingerprint, groupKey, points);
        vm.prank(rm);
        hub.confirmGroupKey(version, fingerprint);
    }

    function _terms(uint16 least, uint16 most) internal pure returns (Terms memory) {
        return Terms(least, most, 3 days, 14 days, 7 days, 14 days);
    }

    function _open(uint256 escrow, uint16 least, uint16 most) internal returns (uint256) {
        vm.prank(buyer);
        return hub.requestWithTerms{value: escrow}(TEMPLATE, _terms(least, most));
    }

    function _bondOf(uint256 escrow) internal pure returns (uint256) {
        return escrow / 10 + (escrow % 10 == 0 ? 0 : 1);
    }

    function _replied(uint256 escrow, uint16 least, uint16 most) internal returns (uint256 id) {
        id = _open(escrow, least, most);
        vm.prank(hospital);
        hub.reply{value: _bondOf(escrow)}(id, keccak256("offer"));
    }

    function _delivered(uint256 escrow, uint16 least, Entry[] memory entries)
        internal
        returns (uint256 id)
    {
        id = _replied(escrow, least, uint16(entries.length > least ? entries.length : least));
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, entries, true);
    }

    function _payout(uint256 i) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("payout", i)))));
    }

    /// @notice Good entries number first .. first + n - 1 of some delivery, in ascending order.
    function _entries(uint256 first, uint256 n) internal view returns (Entry[] memory list) {
        list = new Entry[](n);
        for (uint256 i = 0; i < n; ++i) {
            uint256 k = first + i;
            list[i] = Entry({
                releaseRoot: bytes32(((k + 1) << 240) | uint240(uint256(keccak256(abi.encode(k))))),
                releaseAddr: vm.addr(RELEASE_KEY + k),
                payout: _payout(k),
                bundleDigest: keccak256(abi.encode("bundle", k)),
                minPayout: 1,
                keyVersion: 1,
                sig: sigs[k % sigs.length],
                ys: ys[k % ys.length],
                consent: new bytes(65)
            });
            list[i].consent[k % 65] = 0x2a;
        }
    }

    /// @notice As {_entries}, and valid in every respect for this request.
    function _valid(uint256 id, uint256 n) internal view returns (Entry[] memory list) {
        list = _entries(0, n);
        for (uint256 i = 0; i < n; ++i) {
            (list[i].sig, list[i].ys) = signer.sign(_releaseMessage(list[i]));
            list[i].consent = _consent(id, list[i], RELEASE_KEY + i);
        }
    }

    /// @notice A new request with n valid entries, Delivered in one part.
    function _deliveredValid(uint256 escrow, uint16 least, uint256 n)
        internal
        returns (uint256 id, Entry[] memory entries)
    {
        id = hub.requestCount() + 1;
        entries = _valid(id, n);
        vm.assertEq(_delivered(escrow, least, entries), id, "the next id");
    }

    function _consent(uint256 id, Entry memory e, uint256 key) internal view returns (bytes memory) {
        return _sign(key, _consentHash(id, e));
    }

    /// @notice The indices from first on.
    function _range(uint256 first, uint256 n) internal pure returns (uint256[] memory list) {
        list = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            list[i] = first + i;
        }
    }

    function _only(uint256 index) internal pure returns (uint256[] memory) {
        return _range(index, 1);
    }

    function _two(uint256 a, uint256 b) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    function _list(address one) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = one;
    }

    /// @notice The buyer disputes these entries of its request, with their bonds.
    function _dispute(uint256 id, uint256[] memory indices) internal {
        uint256 bonds = indices.length * _disputeBondOf(id);
        vm.prank(buyer);
        hub.dispute{value: bonds}(id, indices);
    }

    /// @notice Both managers give the same verdict.
    function _rule(uint256 id, uint256[] memory indices, Verdict verdict) internal {
        vm.prank(gm);
        hub.rule(id, indices, verdict);
        vm.prank(rm);
        hub.rule(id, indices, verdict);
    }

    /// @notice For a request delivered in one part, whose entries these are.
    function _claim(uint256 id, Entry[] memory entries, uint256 index) internal {
        (, bytes32[] memory proof) = _prove(id, 0, entries, index);
        hub.claim(id, 0, index, payable(entries[index].payout), _bodyHash(entries[index]), proof);
    }

    /// @notice As {_claim}.
    function _proveInvalid(uint256 id, Entry[] memory entries, uint256 index) internal {
        (, bytes32[] memory proof) = _prove(id, 0, entries, index);
        hub.proveInvalidEntry(id, 0, index, entries[index], proof);
    }

    // ---------------------------------------------------------------- the design, once more

    function _partOf(uint256 id) internal view returns (uint256) {
        RequestInfo memory info = hub.getRequest(id);
        return info.escrow / (info.count + 1);
    }

    function _disputeBondOf(uint256 id) internal view returns (uint256) {
        return _bondOf(_partOf(id)); // a tenth, rounded up, too
    }

    /// @notice What the buyer gets back with an entry that was not disputed.
    function _refundOf(uint256 id) internal view returns (uint256) {
        RequestInfo memory info = hub.getRequest(id);
        return _partOf(id) + _bondOf(info.escrow) / info.count;
    }

    function _recordMessage(bytes32 root, address owner) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked("galen/record/1", block.chainid, address(hub), root, owner)
        );
    }

    function _releaseMessage(Entry memory e) internal view returns (bytes32) {
        return sha256(
            abi.encodePacked(
                "galen/release/1", block.chainid, address(hub), e.releaseRoot, e.releaseAddr
            )
        );
    }

    function _consentHash(uint256 id, Entry memory e) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "ShareConsent(uint256 requestId,bytes32 releaseRoot,bytes32 bundleDigest,address payout,uint256 minPayout)"
                ),
                id,
                e.releaseRoot,
                e.bundleDigest,
                e.payout,
                e.minPayout
            )
        );
    }

    function _bodyHash(Entry memory e) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                e.releaseRoot,
                e.releaseAddr,
                e.bundleDigest,
                e.minPayout,
                e.keyVersion,
                keccak256(e.sig),
                keccak256(e.ys),
                keccak256(e.consent)
            )
        );
    }

    function _leafOf(uint256 id, uint256 index, Entry memory e) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                keccak256(abi.encode(keccak256("galen/entry/1"), id, index, e.payout, _bodyHash(e)))
            )
        );
    }

    /// @notice Root and proof of one leaf in a heap-shaped tree, as merkle-tree's sources say.
    function _prove(uint256 id, uint256 first, Entry[] memory part, uint256 index)
        internal
        pure
        returns (bytes32 root, bytes32[] memory proof)
    {
        uint256 n = part.length;
        bytes32[] memory heap = new bytes32[](2 * n);
        for (uint256 i = 0; i < n; ++i) {
            heap[2 * n - 1 - i] = _leafOf(id, first + i, part[i]);
        }
        for (uint256 k = n - 1; k >= 1; --k) {
            heap[k] = _hashPair(heap[2 * k], heap[2 * k + 1]);
        }
        root = heap[1];
        uint256 node = 2 * n - 1 - (index - first);
        uint256 height = 0;
        for (uint256 k = node; k > 1; k /= 2) {
            ++height;
        }
        proof = new bytes32[](height);
        for (uint256 h = 0; h < height; ++h) {
            proof[h] = heap[node ^ 1];
            node /= 2;
        }
    }

    function _hashPair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }

    function _payouts(Entry[] memory entries)
        internal
        pure
        returns (address payable[] memory list)
    {
        list = new address payable[](entries.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = payable(entries[i].payout);
        }
    }

    function _bodyHashes(Entry[] memory entries) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](entries.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _bodyHash(entries[i]);
        }
    }

    function _state(uint256 id) internal view returns (RequestState) {
        return hub.getRequest(id).state;
    }

    function _requireState(uint256 id, RequestState wanted) internal view {
        vm.assertEq(uint256(_state(id)), uint256(wanted), "state");
    }

    function _requireStatus(uint256 id, uint256 index, EntryStatus wanted) internal view {
        (EntryStatus status,,) = hub.getEntryStatus(id, index);
        vm.assertEq(uint256(status), uint256(wanted), "entry status");
    }

    function _requireVotes(uint256 id, uint256 index, Verdict ofGm, Verdict ofRm) internal view {
        (, Verdict first, Verdict second) = hub.getEntryStatus(id, index);
        vm.assertEq(uint256(first), uint256(ofGm), "group manager's vote");
        vm.assertEq(uint256(second), uint256(ofRm), "revocation manager's vote");
    }

    // ---------------------------------------------------------------- refusals

    /// @notice Once at least the guard kept it out, and it never got in, since the log's recording.
    function _requireKeptOut(Reenterer reenterer) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32 guard = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        uint256 tries = 0;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(reenterer)) continue;
            vm.assertEq(logs[i].topics[0], reenterer.KEPT_OUT(), "kept out");
            vm.assertEq(logs[i].topics[1], guard, "by the guard");
            ++tries;
        }
        vm.assertGe(tries, 1, "it tried");
    }

    function _expectState(uint256 id, RequestState state) internal {
        vm.expectRevert(abi.encodeWithSelector(Requests.BadState.selector, id, state));
    }

    function _expectEarly(uint256 deadline) internal {
        vm.expectRevert(abi.encodeWithSelector(Requests.TooEarly.selector, deadline));
    }

    function _expectPassed(uint256 deadline) internal {
        vm.expectRevert(abi.encodeWithSelector(Requests.DeadlinePassed.selector, deadline));
    }
}
