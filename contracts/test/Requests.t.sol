// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Managers} from "../datahub/Managers.sol";
import {Requests} from "../datahub/Requests.sol";
import {
    Entry,
    EntryFault,
    EntryStatus,
    RequestInfo,
    RequestState,
    Terms
} from "../datahub/Types.sol";
import {HubTest} from "./HubTest.sol";
import {Vm} from "./Vm.sol";

contract RequestsTest is HubTest {
    // ---------------------------------------------------------------- request

    function test_requestWithDefaultTerms() public {
        vm.expectEmit(address(hub));
        emit Requests.RequestOpen(1, TEMPLATE, buyer, 1 ether);
        vm.prank(buyer);
        vm.assertEq(hub.request{value: 1 ether}(TEMPLATE), 1, "the first id");
        RequestInfo memory info = hub.getRequest(1);
        vm.assertEq(uint256(info.state), uint256(RequestState.Open), "state");
        vm.assertEq(info.buyer, buyer, "buyer");
        vm.assertEq(info.hospital, address(0), "no hospital");
        vm.assertEq(info.escrow, 1 ether, "escrow");
        vm.assertEq(info.bond, 0.1 ether, "bond");
        vm.assertEq(info.deadline, START + 3 days, "replyBy");
        vm.assertEq(info.ruleBy, 0, "no ruleBy");
        vm.assertEq(
            info.count + info.parts + info.settled + info.invalid + info.highestMinPayout,
            0,
            "counters"
        );
        vm.assertEq(info.lastReleaseRoot, bytes32(0), "no root");
        vm.assertEq(
            keccak256(abi.encode(info.terms)),
            keccak256(abi.encode(Terms(20, 400, 3 days, 14 days, 7 days, 14 days))),
            "terms"
        );
        vm.prank(stranger);
        vm.deal(stranger, 1 ether);
        vm.assertEq(hub.request{value: 401}(TEMPLATE), 2, "the next id");
        vm.assertEq(hub.requestCount(), 2, "count");
        vm.assertEq(address(hub).balance, 1 ether + 401, "both escrows");
    }

    function testFuzz_requestKeepsItsTerms(uint16[2] memory records, uint32[4] memory windows)
        public
    {
        uint16 most = uint16(_bound(records[0], 1, 65_535));
        uint16 least = uint16(_bound(records[1], 1, most));
        Terms memory terms = Terms(
            least,
            most,
            uint32(_bound(windows[0], 1 hours, 90 days)),
            uint32(_bound(windows[1], 1 hours, 90 days)),
            uint32(_bound(windows[2], 1 hours, 90 days)),
            uint32(_bound(windows[3], 1 hours, 90 days))
        );
        vm.prank(buyer);
        uint256 id = hub.requestWithTerms{value: uint256(most) + 1}(TEMPLATE, terms);
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(keccak256(abi.encode(info.terms)), keccak256(abi.encode(terms)), "terms");
        vm.assertEq(info.deadline, START + terms.replyWindow, "replyBy");
    }

    function test_requestNeedsMoreWeiThanRecords() public {
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadEscrow.selector, 400, 401, type(uint96).max)
        );
        vm.prank(buyer);
        hub.request{value: 400}(TEMPLATE);
        uint256 tooMuch = uint256(type(uint96).max) + 1;
        vm.deal(buyer, 2 * tooMuch);
        vm.expectRevert(
            abi.encodeWithSelector(Requests.BadEscrow.selector, tooMuch, 401, type(uint96).max)
        );
        vm.prank(buyer);
        hub.request{value: tooMuch}(TEMPLATE);
        vm.prank(buyer);
        hub.request{value: tooMuch - 1}(TEMPLATE);
    }

    function test_requestTermsHaveBounds() public {
        _refuseTerms(Terms(0, 1, 1 hours, 1 hours, 1 hours, 1 hours));
        _refuseTerms(Terms(2, 1, 1 hours, 1 hours, 1 hours, 1 hours));
        _refuseTerms(Terms(0, 0, 1 hours, 1 hours, 1 hours, 1 hours));
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 k = 0; k < 2; ++k) {
                uint32[4] memory w = [uint32(1 hours), 1 hours, 90 days, 90 days];
                w[i] = k == 0 ? 1 hours - 1 : 90 days + 1;
                _refuseTerms(Terms(1, 1, w[0], w[1], w[2], w[3]));
            }
        }
        vm.prank(buyer);
        hub.requestWithTerms{value: 2}(TEMPLATE, Terms(1, 1, 1 hours, 90 days, 1 hours, 90 days));
    }

    // ---------------------------------------------------------------- reply

    function test_reply() public {
        uint256 id = _open(1 ether + 1, 1, 400);
        vm.warp(START + 3 days - 1);
        vm.expectEmit(address(hub));
        emit Requests.ReplySubmitted(id, MANIFEST, hospital);
        vm.prank(hospital);
        hub.reply{value: 0.1 ether + 1}(id, MANIFEST); // a tenth, rounded up
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(uint256(info.state), uint256(RequestState.Replied), "state");
        vm.assertEq(info.hospital, hospital, "hospital");
        vm.assertEq(info.deadline, START + 17 days - 1, "deliverBy counts from the reply");
        vm.assertEq(info.ruleBy, 0, "no ruleBy");
    }

    function test_replyRefusals() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.startPrank(hospital);
        _expectState(7, RequestState.None);
        hub.reply{value: 0.1 ether}(7, MANIFEST);
        uint256[3] memory wrong = [uint256(0), 0.1 ether - 1, 0.1 ether + 1];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(Requests.WrongValue.selector, wrong[i], 0.1 ether)
            );
            hub.reply{value: wrong[i]}(id, MANIFEST);
        }
        vm.warp(START + 3 days);
        vm.expectRevert(abi.encodeWithSelector(Requests.DeadlinePassed.selector, START + 3 days));
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        vm.warp(START);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        _expectState(id, RequestState.Replied);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        vm.stopPrank();
    }

    function test_onlyRegisteredHospitalsReply() public {
        uint256 id = _open(1 ether, 1, 400);
        vm.deal(stranger, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, stranger));
        vm.prank(stranger);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        vm.prank(gm);
        hub.setHospital(hospital, false);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, hospital));
        vm.prank(hospital);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
    }

    // ---------------------------------------------------------------- deliver

    function test_deliverInOnePart() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 3);
        vm.warp(START + 14 days - 1);
        vm.recordLogs();
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, entries, true);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 4, "an event an entry, one for the seal");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(logs[i].topics[0], Requests.EntryDelivered.selector, "EntryDelivered");
            vm.assertEq(logs[i].topics[1], bytes32(id), "id");
            vm.assertEq(logs[i].topics[2], entries[i].releaseRoot, "root");
            vm.assertEq(logs[i].data, abi.encode(i, entries[i]), "index and the whole entry");
        }
        vm.assertEq(logs[3].topics[0], Requests.Delivered.selector, "Delivered");
        vm.assertEq(logs[3].data, abi.encode(MANIFEST, 3), "manifest and count");

        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(uint256(info.state), uint256(RequestState.Delivered), "state");
        vm.assertEq(info.count, 3, "count");
        vm.assertEq(info.parts, 1, "parts");
        vm.assertEq(info.deadline, START + 21 days - 1, "verifyBy counts from the seal");
        vm.assertEq(info.ruleBy, START + 35 days - 1, "ruleBy");
        vm.assertEq(info.lastReleaseRoot, entries[2].releaseRoot, "last root");
        vm.assertEq(info.highestMinPayout, 1, "highest minPayout");
        (bytes32 root,) = _prove(id, 0, entries, 0);
        vm.assertEq(hub.getPartRoot(id, 0), root, "root");
        vm.assertEq(hub.getPartRoot(id, 1), bytes32(0), "no other part");
        _requireStatus(id, 2, EntryStatus.Unsettled);
    }

    function test_deliverInParts() public {
        uint256 id = _replied(1 ether, 6, 400);
        uint256[4] memory sizes = [uint256(1), 3, 2, 0];
        uint256 first = 0;
        for (uint256 i = 0; i < 4; ++i) {
            bool seal = i == 3;
            Entry[] memory part = _entries(first, sizes[i]);
            for (uint256 k = 0; k < part.length; ++k) {
                vm.expectEmit(address(hub));
                emit Requests.EntryDelivered(id, first + k, part[k].releaseRoot, part[k]);
            }
            vm.prank(hospital);
            hub.deliver(id, seal ? MANIFEST : bytes32(0), part, seal);
            if (!seal) {
                (bytes32 root,) = _prove(id, first, part, first);
                vm.assertEq(hub.getPartRoot(id, i), root, "the part's own root");
                vm.assertEq(hub.getRequest(id).deadline, START + 14 days, "deliverBy stays");
            }
            first += sizes[i];
        }
        RequestInfo memory info = hub.getRequest(id);
        vm.assertEq(info.count, 6, "count");
        vm.assertEq(info.parts, 3, "the empty one adds no part");
        vm.assertEq(hub.getPartRoot(id, 3), bytes32(0), "nor a root");
    }

    function testFuzz_partRootsAreStandardMerkleTrees(uint256 n, uint256 before) public {
        n = _bound(n, 1, 40);
        before = _bound(before, 0, 3);
        uint256 id = _replied(1 ether, 1, 400);
        if (before != 0) {
            vm.prank(hospital);
            hub.deliver(id, 0, _entries(0, before), false);
        }
        Entry[] memory part = _entries(before, n);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, part, true);
        (bytes32 root,) = _prove(id, before, part, before);
        vm.assertEq(hub.getPartRoot(id, before == 0 ? 0 : 1), root, "root");
    }

    // The tree of three that OpenZeppelin's merkle-tree makes with sortLeaves: false,
    // worked out by hand: a heap of five, its root first, the leaves last first at its end.
    function test_treeOfThreeByHand() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory e = _entries(0, 3);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, e, true);
        bytes32 pair = _pair(_leafOf(id, 1, e[1]), _leafOf(id, 0, e[0]));
        vm.assertEq(hub.getPartRoot(id, 0), _pair(pair, _leafOf(id, 2, e[2])), "root");
    }

    function test_deliverRefusals() public {
        uint256 id = _open(1 ether, 2, 4);
        Entry[] memory entries = _entries(0, 3);
        vm.startPrank(hospital);
        _expectState(id, RequestState.Open);
        hub.deliver(id, MANIFEST, entries, true);
        _expectState(9, RequestState.None);
        hub.deliver(9, MANIFEST, entries, true);
        hub.reply{value: 0.1 ether}(id, MANIFEST);
        vm.stopPrank();

        vm.prank(gm);
        hub.setHospital(stranger, true);
        vm.expectRevert(abi.encodeWithSelector(Requests.NotHospital.selector, stranger));
        vm.prank(stranger);
        hub.deliver(id, MANIFEST, entries, true);

        vm.startPrank(hospital);
        vm.expectRevert(abi.encodeWithSelector(Requests.BadManifest.selector, 0, true));
        hub.deliver(id, 0, entries, true);
        vm.expectRevert(abi.encodeWithSelector(Requests.BadManifest.selector, MANIFEST, false));
        hub.deliver(id, MANIFEST, entries, false);
        vm.expectRevert(abi.encodeWithSelector(Requests.EmptyPart.selector));
        hub.deliver(id, 0, new Entry[](0), false);
        _expectCount(5, 2, 4);
        hub.deliver(id, 0, _entries(0, 5), false);
        _expectCount(0, 2, 4);
        hub.deliver(id, MANIFEST, new Entry[](0), true);
        _expectCount(1, 2, 4);
        hub.deliver(id, MANIFEST, _entries(0, 1), true);

        vm.warp(START + 14 days);
        vm.expectRevert(abi.encodeWithSelector(Requests.DeadlinePassed.selector, START + 14 days));
        hub.deliver(id, MANIFEST, entries, true);
        vm.warp(START + 14 days - 1);
        hub.deliver(id, 0, entries, false);
        _expectCount(5, 2, 4);
        hub.deliver(id, 0, _entries(3, 2), false);
        hub.deliver(id, MANIFEST, _entries(3, 1), true);
        _expectState(id, RequestState.Delivered);
        hub.deliver(id, MANIFEST, _entries(4, 1), true);
        vm.stopPrank();
    }

    function test_deliverTakesAtMost400AtOnce() public {
        uint256 id = _replied(1 ether, 1, 1000);
        vm.expectRevert(abi.encodeWithSelector(Managers.TooMany.selector, 401, 400));
        vm.prank(hospital);
        hub.deliver(id, 0, new Entry[](401), false);
        for (uint256 i = 0; i < 2; ++i) {
            Entry[] memory part = _entries(400 * i, 400);
            vm.prank(hospital);
            hub.deliver(id, i == 0 ? bytes32(0) : MANIFEST, part, i == 1);
        }
        vm.assertEq(hub.getRequest(id).count, 800, "count");
    }

    /// Memory is given back: with so many entries it would cost more and more.
    function test_aLongDeliveryCostsNoMoreAnEntry() public {
        uint256[2] memory used;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 id = _replied(1 ether, 1, 400);
            Entry[] memory entries = _entries(0, 200 * (i + 1));
            bytes memory call = abi.encodeCall(hub.deliver, (id, MANIFEST, entries, true));
            vm.prank(hospital);
            used[i] = _gasOf(call);
        }
        vm.assertLe(used[1], 2 * used[0], "twice as many cost twice as much");
    }

    function test_aStruckOffHospitalStillDelivers() public {
        uint256 id = _replied(1 ether, 1, 400);
        vm.prank(gm);
        hub.setHospital(hospital, false);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, _entries(0, 1), true);
        _requireState(id, RequestState.Delivered);
    }

    function test_rootsAscendStrictlyOverAllParts() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 2);
        entries[1].releaseRoot = entries[0].releaseRoot;
        _refuseEntry(id, entries, 1, EntryFault.Order);
        entries[1].releaseRoot = bytes32(uint256(entries[0].releaseRoot) - 1);
        _refuseEntry(id, entries, 1, EntryFault.Order);
        entries[0].releaseRoot = 0;
        _refuseEntry(id, entries, 0, EntryFault.Order);

        vm.prank(hospital);
        hub.deliver(id, 0, _entries(0, 2), false);
        _refuseEntry(id, _entries(1, 1), 2, EntryFault.Order);
        _refuseEntry(id, _entries(0, 1), 2, EntryFault.Order);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, _entries(2, 1), true);
    }

    function test_entriesHaveExactLengths() public {
        uint256 id = _replied(1 ether, 1, 400);
        for (uint256 i = 0; i < 6; ++i) {
            Entry[] memory entries = _entries(0, 2);
            uint256 extra = 2 * (i % 2); // one byte less, one more
            if (i / 2 == 0) entries[1].sig = new bytes(361 + extra);
            if (i / 2 == 1) entries[1].ys = new bytes(239 + extra);
            if (i / 2 == 2) entries[1].consent = new bytes(64 + extra);
            _refuseEntry(id, entries, 1, EntryFault.Length);
        }
    }

    function test_payoutIsAnAccountThatCanBePaid() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 1);
        entries[0].payout = address(0);
        _refuseEntry(id, entries, 0, EntryFault.Payout);
        entries[0].payout = address(hub);
        _refuseEntry(id, entries, 0, EntryFault.Payout);
    }

    function test_keyVersionsThatMayBeSold() public {
        uint256 id = _replied(1 ether, 1, 400);
        Entry[] memory entries = _entries(0, 1);
        uint32[2] memory unknown = [uint32(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            entries[0].keyVersion = unknown[i];
            _refuseEntry(id, entries, 0, EntryFault.KeyVersion);
        }
        vm.prank(gm);
        hub.setGroupKey(fingerprint, groupKey, points);
        _refuseEntry(id, entries, 0, EntryFault.KeyVersion); // proposed only
        vm.prank(rm);
        hub.confirmGroupKey(2, fingerprint);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, entries, true);

        // the former one: retired now, sold for 24 months more
        entries[0].keyVersion = 1;
        vm.warp(START + 730 days - 1);
        id = _replied(1 ether, 1, 400);
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
        vm.warp(START + 730 days);
        _refuseEntry(id, _from(1, 1), 1, EntryFault.KeyVersion);

        // compromised: not at all
        vm.warp(START + 731 days);
        vm.prank(hospital);
        hub.deliver(id, 0, _from(1, 2), false);
        vm.prank(rm);
        hub.retireGroupKey(2, true);
        _refuseEntry(id, _from(2, 2), 2, EntryFault.KeyVersion);
    }

    function test_everyPatientGetsWhatItWantsAtLeast() public {
        uint256 id = _replied(1000, 1, 400);
        Entry[] memory entries = _entries(0, 3);
        entries[1].minPayout = 251;
        _refusePayout(id, entries, 250, 251); // floor(1000 / 4)
        entries[1].minPayout = 250;
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
        vm.assertEq(hub.getRequest(id).highestMinPayout, 250, "kept over parts");
        _refusePayout(id, _entries(3, 1), 200, 250);
        entries = _entries(3, 1);
        entries[0].minPayout = type(uint256).max;
        _refusePayout(id, entries, 200, type(uint256).max);
        vm.prank(hospital);
        hub.deliver(id, MANIFEST, new Entry[](0), true);
        _requireState(id, RequestState.Delivered);
    }

    function test_getRequestOfNone() public {
        _expectState(1, RequestState.None);
        hub.getRequest(1);
    }

    // ---------------------------------------------------------------- helpers

    function _from(uint256 k, uint32 version) private view returns (Entry[] memory entries) {
        entries = _entries(k, 1);
        entries[0].keyVersion = version;
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }

    function _refuseTerms(Terms memory terms) private {
        vm.expectRevert(abi.encodeWithSelector(Requests.BadTerms.selector));
        vm.prank(buyer);
        hub.requestWithTerms{value: 1 ether}(TEMPLATE, terms);
    }

    function _refuseEntry(uint256 id, Entry[] memory entries, uint256 index, EntryFault fault)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(Requests.BadEntry.selector, index, fault));
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
    }

    function _refusePayout(uint256 id, Entry[] memory entries, uint256 part, uint256 wanted)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(Requests.PayoutTooSmall.selector, part, wanted));
        vm.prank(hospital);
        hub.deliver(id, 0, entries, false);
    }

    function _expectCount(uint256 count, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(Requests.BadCount.selector, count, least, most));
    }
}
