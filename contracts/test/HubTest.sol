// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {Entry, EntryStatus, RequestState, Terms} from "../datahub/Types.sol";
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
    bytes internal creationCode;
    bytes internal groupKey;
    bytes32 internal fingerprint;
    bytes internal points;
    bytes internal pointX;
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
        for (uint256 i = 0; i < 3; ++i) {
            string memory n = vm.toString(i);
            sigs.push(_hexAt(vectors, string.concat(".signatures[", n, "].signature")));
            ys.push(vm.parseJsonBytes(more, string.concat(".ys[", n, "]")));
        }
        hub = _deploy(gm, rm);
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal([hospital, buyer][i], 1000 ether);
        }
        vm.prank(gm);
        hub.setHospital(hospital, true);
        _installKey();
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

    // ---------------------------------------------------------------- the design, once more

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

    function _claim(uint256 id, Entry[] memory entries, uint256 index) internal {
        (, bytes32[] memory proof) = _prove(id, 0, entries, index);
        hub.claim(id, 0, index, payable(entries[index].payout), _bodyHash(entries[index]), proof);
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
}
