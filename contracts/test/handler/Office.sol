// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Item} from "../../datahub/Types.sol";
import {Judgement} from "./Judgement.sol";

/// @notice The managers' offices change hands, keys and hospitals come and go, records are stored.
abstract contract Office is Judgement {
    struct Anchor {
        uint256 timestamp;
        uint32 keyVersion;
        bool verified;
    }

    address internal _nextGm;
    address internal _nextRm;
    address[] internal _officers; // who may come into office
    bytes32[] internal _recordIds;
    mapping(bytes32 recordId => Anchor) internal _anchors;

    // ---------------------------------------------------------------- offices

    function nominate(uint256 seed) external {
        address who = _manager(seed);
        address next = _at(seed, 2, 0, 7) == 0 ? address(0) : _officer(seed);
        address other = who == _gm ? _nextRm : _nextGm;
        if (other != address(0) && _at(seed, 3, 0, 3) != 0) next = other; // in both offices?
        bool may = (who == _gm || who == _rm) && next != _gm && next != _rm;
        if (!_act("nominate", who, 0, abi.encodeCall(hub.proposeManager, (next)), may)) return;
        if (who == _gm) _nextGm = next;
        else _nextRm = next;
    }

    function takeOffice(uint256 seed) external {
        bool asGm = _at(seed, 1, 0, 1) == 0;
        address next = asGm ? _nextGm : _nextRm;
        address who = next == address(0) || _at(seed, 2, 0, 4) == 0 ? _officer(seed) : next;
        bool may = who == next && who != (asGm ? _rm : _gm);
        bytes memory call = asGm
            ? abi.encodeCall(hub.acceptGroupManager, ())
            : abi.encodeCall(hub.acceptRevocationManager, ());
        if (!_act("takeOffice", who, 0, call, may)) return;
        if (asGm) (_gm, _nextGm) = (who, address(0));
        else (_rm, _nextRm) = (who, address(0));
    }

    function accredit(uint256 seed) external {
        address who = _at(seed, 1, 0, 5) == 0 ? _manager(seed) : _gm;
        address which = _hospitals[_at(seed, 2, 0, _hospitals.length - 1)];
        bool yes = _at(seed, 3, 0, 9) != 0;
        bytes memory call = abi.encodeCall(hub.setHospital, (which, yes));
        if (_act("accredit", who, 0, call, who == _gm)) _isRegistered[which] = yes;
    }

    // ---------------------------------------------------------------- keys

    /// @notice Proposes the vectors' key, or one that differs from it in its proofs, and so in its
    /// fingerprint: every signature is invalid under it.
    function proposeKey(uint256 seed) public {
        address who = _at(seed, 1, 0, 5) == 0 ? _manager(seed) : _gm;
        bool foreign = _at(seed, 2, 0, 4) == 0;
        bytes memory key = bytes.concat(groupKey);
        if (foreign) key[593] ^= 0x01;
        bytes memory call = abi.encodeCall(hub.setGroupKey, (sha256(key), key, points));
        if (_act("propose a key", who, 0, call, who == _gm)) {
            _keys.push(Key(false, false, foreign, 0));
        }
    }

    function confirmKey(uint256 seed) external {
        if (_at(seed, 1, 0, 2) != 0) proposeKey(seed);
        address who = _at(seed, 2, 0, 5) == 0 ? _manager(seed) : _rm;
        uint32 version = uint32(_keys.length - (_at(seed, 3, 0, 7) == 0 ? 1 : 0));
        Key storage key = _keys[_keys.length - 1];
        bytes32 seen = fingerprint;
        if (key.foreign) {
            bytes memory other = bytes.concat(groupKey);
            other[593] ^= 0x01;
            seen = sha256(other);
        }
        bool mistaken = _at(seed, 4, 0, 7) == 0;
        if (mistaken) seen = ~seen;
        bool may = who == _rm && version == _keys.length && !key.confirmed && !mistaken;
        bytes memory call = abi.encodeCall(hub.confirmGroupKey, (version, seen));
        if (!_act("confirm a key", who, 0, call, may)) return;
        if (_current != 0) _keys[_current - 1].retiredAt = block.timestamp;
        key.confirmed = true;
        _current = version;
    }

    function retireKey(uint256 seed) external {
        if (_at(seed, 3, 0, 2) != 0) return;
        address who = _manager(seed);
        uint32 version =
            uint32(_keys.length - _at(seed, 1, 0, _keys.length < 4 ? _keys.length - 1 : 3));
        bool compromised = _at(seed, 2, 0, 1) == 0;
        Key storage key = _keys[version - 1];
        bool may = (who == _gm || who == _rm) && key.confirmed && !key.compromised
            && (compromised || key.retiredAt == 0);
        bytes memory call = abi.encodeCall(hub.retireGroupKey, (version, compromised));
        if (!_act(compromised ? "compromise a key" : "retire a key", who, 0, call, may)) return;
        key.compromised = compromised;
        if (key.retiredAt == 0) key.retiredAt = block.timestamp;
        if (version == _current) _current = 0;
    }

    // ---------------------------------------------------------------- records

    function store(uint256 seed) external {
        (Item memory a, bytes memory ys_, bool valid) = _makeItem(seed);
        bool may = _current != 0 && a.keyVersion == _current;
        uint256 kind = _at(seed, 1, 0, 4);
        if (kind == 0) {
            bytes memory call = abi.encodeCall(hub.storeData, (a.cid, a.merkleRoot, a.sig));
            a.keyVersion = _current;
            if (_act("store", a.owner, 0, call, _current != 0)) _bookRecord(a, false);
        } else if (kind == 1) {
            bytes memory call = abi.encodeCall(
                hub.storeDataFor, (a.cid, a.merkleRoot, a.sig, a.owner, a.keyVersion)
            );
            if (_act("store for", _person(seed), 0, call, may)) _bookRecord(a, false);
        } else if (kind == 2) {
            Item[] memory batch = new Item[](2);
            batch[0] = a;
            (batch[1],,) = _makeItem(~seed);
            may = may && batch[1].keyVersion == _current;
            bytes memory call = abi.encodeCall(hub.storeBatch, (batch));
            if (!_act("store batch", _person(seed), 0, call, may)) return;
            _bookRecord(a, false);
            _bookRecord(batch[1], false);
        } else {
            may = may && (valid || _anchors[_recordId(a)].verified);
            bytes memory call = abi.encodeCall(
                hub.storeDataVerified, (a.cid, a.merkleRoot, a.sig, a.owner, a.keyVersion, ys_)
            );
            if (_act("store verified", _person(seed), 0, call, may)) _bookRecord(a, true);
        }
    }

    // One of a few records, so that some come again; valid: in its signature.
    function _makeItem(uint256 seed)
        private
        view
        returns (Item memory a, bytes memory ys_, bool valid)
    {
        a.owner = _people[_at(seed, 5, 0, 2)];
        a.cid = keccak256(abi.encode(_at(seed, 6, 0, 1)));
        a.merkleRoot = keccak256(abi.encode(_at(seed, 7, 0, 1)));
        a.keyVersion = _at(seed, 8, 0, 9) != 0 ? _current : _current + 1;
        (a.sig, ys_) = signer.sign(_recordMessage(a.merkleRoot, a.owner));
        valid = _current != 0 && !_keys[_current - 1].foreign;
        if (_at(seed, 9, 0, 3) != 0) return (a, ys_, valid);
        _bend(_at(seed, 10, 0, 1), a.sig);
        return (a, ys_, false);
    }

    function _recordId(Item memory a) private pure returns (bytes32) {
        return keccak256(abi.encode(a.merkleRoot, a.owner, a.cid, keccak256(a.sig), a.keyVersion));
    }

    function _bookRecord(Item memory a, bool verified) private {
        bytes32 id = _recordId(a);
        Anchor storage anchor = _anchors[id];
        if (anchor.timestamp == 0) {
            _recordIds.push(id);
            (anchor.timestamp, anchor.keyVersion) = (block.timestamp, a.keyVersion);
        }
        if (verified) anchor.verified = true;
    }

    // ---------------------------------------------------------------- helpers

    function _manager(uint256 seed) private view returns (address) {
        uint256 kind = _at(seed, 40, 0, 8);
        if (kind == 0) return _officer(seed);
        return kind % 2 == 0 ? _gm : _rm;
    }

    function _officer(uint256 seed) private view returns (address) {
        return _officers[_at(seed, 41, 0, _officers.length - 1)];
    }
}
