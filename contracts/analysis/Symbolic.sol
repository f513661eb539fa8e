// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EntryTree} from "../datahub/EntryTree.sol";
import {Entries} from "../datahub/Entries.sol";
import {KeyPoints} from "../datahub/KeyPoints.sol";
import {Managers} from "../datahub/Managers.sol";
import {Money} from "../datahub/Money.sol";
import {Settlement} from "../datahub/Settlement.sol";
import {SignatureVerifier} from "../datahub/SignatureVerifier.sol";
import {Vm} from "../test/Vm.sol";
import {EntryStatus, RequestState, Verdict} from "../datahub/Types.sol";

// What Halmos proves by running the compiled code on unknown inputs (`make analyze`); nothing here is
// deployed. A check_ function holds for all values of its arguments. A refute_ function must fail: it
// shows that the check before it reaches what it speaks of. (The request's id is an argument because
// Halmos cannot tell a storage place that the compiler has worked out from one that it has not.)

/// @notice A status byte and its fields, in any word, at any index.
contract StatusProof is Entries {
    constructor() Managers(address(1), address(2)) {}

    function check_aFieldIsSetAloneAndWhole(
        uint64 id,
        uint256 word,
        uint16 index,
        uint16 other,
        uint8 field,
        uint8 bits
    ) public {
        uint256 shift = field == 0 ? 0 : field == 1 ? VOTE_GROUP_MANAGER : VOTE_REVOCATION_MANAGER;
        uint256 mask = field == 0 ? 15 : 3;
        if (bits > mask) return;
        Request storage r = _requests[id];
        r.statuses[index / 32] = word;
        uint256 own = _statusByte(r, index);
        uint256 neighbour = _statusByte(r, other);
        uint256 former = _swapBits(r, index, shift, mask, bits);
        assert(former == (own >> shift) & mask);
        assert(_statusByte(r, index) == ((own & ~(mask << shift)) | (uint256(bits) << shift)));
        if (other != index) assert(_statusByte(r, other) == neighbour);
    }

    function refute_aWordHoldsOneEntry(uint64 id, uint256 word, uint16 index, uint16 other) public {
        Request storage r = _requests[id];
        r.statuses[index / 32] = word;
        if (other == index || _statusByte(r, other) == 0) return;
        _swapBits(r, index, 0, 15, 1);
        assert(_statusByte(r, other) == 0);
    }
}

/// @notice The sums of Proofs.sol, by their names.
contract MoneyNames {
    function check_theFormulaeHaveTheseNames(uint96 escrow, uint16 count, uint16 bad) public pure {
        if (count == 0 || bad > count) return;
        uint256 part = Money.part(escrow, count);
        uint256 bond = Money.bond(escrow);
        assert(Money.refund(escrow, count) == part + bond / count);
        assert(Money.hospitalPart(escrow, count) == escrow - part * count);
        assert(Money.bondLeft(escrow, count, bad) == bond - bond / count * bad);
    }
}

/// @notice rule and claim on a request of three entries whose statuses may be anything.
contract SettlementProof is Settlement {
    uint256 private constant ESCROW = 1003;
    uint256 private constant COUNT = 3;
    uint256 private constant RULE_BY = 13_600;
    address private constant SOMEONE = address(0xb0b);
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    constructor() Managers(address(1), address(2)) {}

    // A finalized request with these status bytes and settled entries; time is now.
    function _prepare(uint64 id, uint256 word, uint16 settled, uint40 time)
        private
        returns (Request storage r)
    {
        r = _requests[id];
        r.buyer = address(0xb1);
        r.hospital = address(0xb2);
        r.escrow = uint96(ESCROW);
        r.progress.state = RequestState.Finalized;
        r.progress.deadline = uint40(RULE_BY - 1 hours);
        r.progress.ruleWindow = 1 hours;
        r.progress.minRecords = 1;
        r.progress.count = uint16(COUNT);
        r.progress.parts = 1;
        r.progress.settled = settled;
        r.statuses[0] = word;
        vm.warp(time);
    }

    function check_aVerdictChangesOnlyWhatIsInDispute(
        uint64 id,
        uint256 word,
        uint8 index,
        uint8 choice,
        bool byGroupManager,
        uint40 time
    ) public {
        _rule(id, word, index, choice, byGroupManager, time);
    }

    function refute_noVerdictSettles(uint64 id, uint256 word, uint8 index, uint40 time) public {
        assert(_rule(id, word, index, 3, false, time) != EntryStatus.Fraud);
    }

    function refute_noVerdictWaits(uint64 id, uint256 word, uint8 index, uint40 time) public {
        assert(_rule(id, word, index, 1, true, time) != EntryStatus.Disputed);
    }

    // Rules one entry; returns its new status if its verdict was taken.
    function _rule(
        uint64 id,
        uint256 word,
        uint8 index,
        uint8 choice,
        bool byGroupManager,
        uint40 time
    ) private returns (EntryStatus) {
        if (index >= COUNT || choice == 0 || choice > 3) return EntryStatus.Unsettled;
        Verdict verdict = Verdict(choice);
        Request storage r = _prepare(id, word, 0, time);
        if (byGroupManager) groupManager = address(this);
        else revocationManager = address(this);
        uint256 own = byGroupManager ? VOTE_GROUP_MANAGER : VOTE_REVOCATION_MANAGER;
        uint256 other = byGroupManager ? VOTE_REVOCATION_MANAGER : VOTE_GROUP_MANAGER;
        uint256 before = _statusByte(r, index);
        uint256[] memory indices = new uint256[](1);
        indices[0] = index;

        try this.rule(id, indices, verdict) {}
        catch {
            return EntryStatus.Unsettled;
        }
        assert(block.timestamp < RULE_BY);
        for (uint256 i = 0; i < 32; ++i) {
            if (i != index) assert(_statusByte(r, i) == uint8(word >> (8 * i)));
        }
        uint256 now_ = _statusByte(r, index);
        EntryStatus was = EntryStatus(before & 15);
        assert(was != EntryStatus.Unsettled);
        if (was != EntryStatus.Disputed) {
            assert(now_ == before);
            return EntryStatus.Unsettled;
        }
        assert((now_ >> own) & 3 == choice);
        assert((now_ >> other) & 3 == (before >> other) & 3);
        EntryStatus agreed = verdict == Verdict.Pay
            ? EntryStatus.RuledPay
            : verdict == Verdict.Refund ? EntryStatus.Refunded : EntryStatus.Fraud;
        bool agree = (before >> other) & 3 == choice;
        assert(EntryStatus(now_ & 15) == (agree ? agreed : EntryStatus.Disputed));
        return EntryStatus(now_ & 15);
    }

    function check_aClaimPaysOnceAndNoMoreThanItsEntryHolds(
        uint64 id,
        uint256 word,
        uint8 index,
        uint16 settled,
        uint40 time,
        bytes32 bodyHash
    ) public {
        _claim(id, word, index, settled, time, bodyHash);
    }

    function refute_noDisputedClaimIsPaid(
        uint64 id,
        uint256 word,
        uint8 index,
        uint40 time,
        bytes32 body
    ) public {
        assert(_claim(id, word, index, 0, time, body) != EntryStatus.Disputed);
    }

    function refute_noRuledClaimIsPaid(
        uint64 id,
        uint256 word,
        uint8 index,
        uint40 time,
        bytes32 body
    ) public {
        assert(_claim(id, word, index, 2, time, body) != EntryStatus.RuledPay);
    }

    // Claims one entry; returns the status it was paid from, Fraud if it was not paid.
    function _claim(
        uint64 id,
        uint256 word,
        uint8 index,
        uint16 settled,
        uint40 time,
        bytes32 bodyHash
    ) private returns (EntryStatus) {
        if (index >= COUNT || settled >= COUNT) return EntryStatus.Fraud;
        Request storage r = _prepare(id, word, settled, time);
        r.roots[0] = EntryTree.leaf(id, index, SOMEONE, bodyHash); // a tree of one leaf
        uint256 before = _statusByte(r, index);
        uint256 held = address(this).balance;

        try this.claim(id, 0, index, payable(SOMEONE), bodyHash, new bytes32[](0)) {}
        catch {
            return EntryStatus.Fraud;
        }
        EntryStatus was = EntryStatus(before & 15);
        bool contested = was == EntryStatus.Disputed;
        assert(was == EntryStatus.Unsettled || was == EntryStatus.RuledPay || contested);
        assert(!contested || block.timestamp >= RULE_BY);
        assert(_statusByte(r, index) == ((before & ~uint256(15)) | uint256(EntryStatus.Paid)));
        for (uint256 i = 0; i < 32; ++i) {
            if (i != index) assert(_statusByte(r, i) == uint8(word >> (8 * i)));
        }
        uint256 most = Money.part(ESCROW, COUNT);
        if (was != EntryStatus.Unsettled) most += Money.disputeBond(most);
        if (settled + 1 == COUNT) {
            most += Money.hospitalPart(ESCROW, COUNT) + Money.bondLeft(ESCROW, COUNT, 0);
        }
        assert(r.progress.settled == settled + 1);
        assert(held - address(this).balance <= most);
        return was;
    }
}

/// @notice The formats, read once more.
abstract contract Points {
    uint256 private constant HALF_P_HI = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LO =
        0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    // Whether a coordinate (upper 16 and lower 32 bytes) is above (p - 1) / 2.
    function _isAboveHalf(uint256 hi, uint256 lo) internal pure returns (bool) {
        return hi > HALF_P_HI || (hi == HALF_P_HI && lo > HALF_P_LO);
    }

    function _word(bytes memory data, uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), at))
        }
    }

    // The first bytes of data; the rest stays behind them.
    function _cut(bytes memory data, uint256 length) internal pure returns (bytes memory) {
        assembly ("memory-safe") {
            mstore(data, length)
        }
        return data;
    }
}

/// @notice The group key's points against its compressed object, read once more from the format.
contract KeyProof is Points {
    function matches(bytes calldata key, bytes calldata points) external pure returns (bool) {
        return KeyPoints.matches(key, points);
    }

    // The EIP-2537 coordinate (64 bytes) that begins there.
    function _above(bytes memory points, uint256 at) private pure returns (bool) {
        return _isAboveHalf(_word(points, at), _word(points, at + 32));
    }

    /// @notice No byte of either makes it revert, and only the points of that object match.
    function check_onlyTheObjectsOwnPointsMatch(bytes32[19] memory k, bytes32[16] memory p)
        public
        view
    {
        bytes memory key = _cut(abi.encodePacked(k), 594);
        bytes memory points = abi.encodePacked(p);
        try this.matches(key, points) returns (bool same) {
            assert(same == _expected(key, points));
        } catch {
            assert(false);
        }
    }

    function refute_noPointsMatch(bytes32[19] memory k, bytes32[16] memory p) public view {
        assert(!this.matches(_cut(abi.encodePacked(k), 594), abi.encodePacked(p)));
    }

    function _expected(bytes memory key, bytes memory points) private pure returns (bool) {
        if (_word(key, 0) >> 240 != 0x0602) return false;
        uint256[2] memory places = [uint256(98), 362];
        for (uint256 i = 0; i < 2; ++i) {
            if (!_isG1(key, places[i], points, 128 * i)) return false;
        }
        bool zero = _word(points, 448) | _word(points, 480) == 0;
        if (_word(key, 2) >> 253 != (_above(points, zero ? 384 : 448) ? 5 : 4)) return false;
        // x.c0's 16 bytes above are the pairing's to refuse
        return _isX(key, 2, points, 320) && _word(key, 50) == _word(points, 272)
            && _word(key, 66) == _word(points, 288);
    }

    function _isG1(bytes memory key, uint256 at, bytes memory points, uint256 x)
        private
        pure
        returns (bool)
    {
        return _word(key, at) >> 253 == (_above(points, x + 64) ? 5 : 4) && _isX(key, at, points, x);
    }

    // The 48 bytes at `at`, less the three flags, are the coordinate (64 bytes) at `x`.
    function _isX(bytes memory key, uint256 at, bytes memory points, uint256 x)
        private
        pure
        returns (bool)
    {
        return (_word(key, at) << 3 >> 131) == _word(points, x)
            && _word(key, at + 16) == _word(points, x + 32);
    }
}

/// @notice What the verifier refuses by a signature's form alone, before it asks a precompile.
contract SignatureProof is Points {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    SignatureVerifier private constant VERIFIER = SignatureVerifier(address(0x5165));
    uint256 private constant ORDER =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    // Its constructor, which tests the precompiles, can't run here.
    constructor() {
        vm.etch(address(VERIFIER), type(SignatureVerifier).runtimeCode);
    }

    /// @notice Any bytes as one of the points, with any y: refused, or well formed.
    function check_aPointsForm(bytes16 xHigh, bytes32 xLow, bytes16 yHigh, bytes32 yLow)
        public
        view
    {
        bool good = (yHigh != 0 || yLow != 0)
            && uint128(xHigh) >> 125 == (_isAboveHalf(uint128(yHigh), uint256(yLow)) ? 5 : 4);
        for (uint256 i = 0; i < 5; ++i) {
            (bytes memory sig, bytes memory ys) = _wellFormed();
            _put(sig, 2 + 48 * i, xHigh, xLow);
            _put(ys, 48 * i, yHigh, yLow);
            assert(_isTried(sig, ys) == good);
        }
    }

    /// @notice Any header, challenge and scalars: refused, or well formed.
    function check_aHeadersAndScalarsForm(
        bytes2 header,
        bytes24 c,
        uint256 zt,
        uint256 zr,
        uint256 zu
    ) public view {
        (bytes memory sig, bytes memory ys) = _wellFormed();
        bytes memory points = new bytes(240);
        for (uint256 i = 0; i < 240; ++i) {
            points[i] = sig[2 + i];
        }
        bool good = header == 0x0601 && zt < ORDER && zr < ORDER && zu < ORDER;
        assert(_isTried(abi.encodePacked(header, points, c, zt, zr, zu), ys) == good);
    }

    function refute_nothingIsTried(bytes24 c, uint256 zt) public view {
        (bytes memory sig, bytes memory ys) = _wellFormed();
        _put(sig, 242, bytes16(c), bytes32(zt));
        assert(!_isTried(sig, ys));
    }

    // Positive points on no curve, scalars 0: good as far as form goes.
    function _wellFormed() private pure returns (bytes memory sig, bytes memory ys) {
        (sig, ys) = (new bytes(362), new bytes(240));
        (sig[0], sig[1]) = (0x06, 0x01);
        for (uint256 i = 0; i < 5; ++i) {
            sig[2 + 48 * i] = 0x80;
            ys[48 * i + 47] = 0x01;
        }
    }

    function _put(bytes memory data, uint256 at, bytes16 high, bytes32 low) private pure {
        assembly ("memory-safe") {
            let where := add(add(data, 32), at)
            mstore(where, or(high, and(mload(where), sub(shl(128, 1), 1))))
            mstore(add(where, 16), low)
        }
    }

    // Whether the verifier goes on to the group key, which is not there; else it must say no.
    function _isTried(bytes memory sig, bytes memory ys) private view returns (bool) {
        try VERIFIER.verify(0, sig, ys, address(0)) returns (bool valid) {
            assert(!valid);
            return false;
        } catch (bytes memory reason) {
            assert(bytes4(reason) == SignatureVerifier.NotKeyData.selector);
            return true;
        }
    }
}
