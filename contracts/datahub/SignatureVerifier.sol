// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381, Point} from "./Bls12381.sol";
import {SIG_BYTES} from "./Types.sol";

/// @title Verifies group signatures of profile CPY06-G1 on the chain
/// @notice As strict as the verifier in C. It answers only when it knows: with too little gas, or
/// where a precompile does not work, it reverts.
contract SignatureVerifier {
    using Bls12381 for bytes;
    using Bls12381 for Point;

    // SHA-256("GALEN-CPY06-G1-V1-SIGN")
    bytes32 private constant TAG =
        0xb18a4c5ffcbd790782b26eb05b6d89c48f9c773305bd1de7b7a407a96391ddcc;
    // the generators Q and U, as in EIP-2537
    bytes private constant Q = hex"0000000000000000000000000000000013dfabc3a5d1984dcf1d7323a977c691"
        hex"b16dd6f0e5ebd227c34dbef55c040bf2b2f79cbc31f96d56a8a516b55015f8d7"
        hex"0000000000000000000000000000000011b30e0bc565c5b941d1dd0c7b0e8ae8"
        hex"816a7ce1a5cfd50920b136709551517afa4a7e2338501287e68de55c713c3eb5";
    bytes private constant U = hex"0000000000000000000000000000000000c76d7fd6bfd4669cd7999f03d6b4e9"
        hex"3bb5336a1ef73588f557c92545b2893b81a5dd0fd8692b7e0f444cd78831ff68"
        hex"000000000000000000000000000000000a8cb0d353d6bd48f08976eacc14d0e9"
        hex"dd678ebc012d5793babe71ce6187eb93a468fbed4f188a14e04b8461f5aa23bd";

    uint256 private constant YS_BYTES = 240;
    // offsets in a signature
    uint256 private constant POINTS = 2;
    uint256 private constant C = 242;
    uint256 private constant ZT = 266;
    uint256 private constant ZR = 298;
    uint256 private constant ZU = 330;
    // points in the transcript, in order, after three words
    uint256 private constant A = 0;
    uint256 private constant ABAR = 1;
    uint256 private constant E1 = 2;
    uint256 private constant E2 = 3;
    uint256 private constant T = 4;
    uint256 private constant K1 = 5;
    uint256 private constant K2 = 6;
    uint256 private constant K3 = 7;
    uint256 private constant K4 = 8;
    uint256 private constant TRANSCRIPT_BYTES = 3 * 32 + 9 * 128;
    // 00, fingerprint 32, X 128, R 256
    uint256 private constant KEY_DATA_BYTES = 417;
    uint256 private constant KEY_FINGERPRINT = 1;
    uint256 private constant KEY_X = 33;
    uint256 private constant KEY_R = 161;

    /// @notice No group key is there.
    error NotKeyData(address given);

    /// @notice Reverts where the precompiles don't work.
    constructor() {
        Bls12381.requirePrecompiles();
    }

    /// @notice Whether a signature is valid for a message under a group key.
    /// @param msg32 the message
    /// @param sig 06 01, A' 48, Abar 48, E1 48, E2 48, T 48, c 24, zt 32, zr 32, zu 32
    /// @param ys the y coordinates of the five points, 48 bytes each
    /// @param keyData the data contract of the group key version, see {GroupKeys}
    function verify(bytes32 msg32, bytes calldata sig, bytes calldata ys, address keyData)
        external
        view
        returns (bool)
    {
        if (sig.length != SIG_BYTES || ys.length != YS_BYTES || bytes2(sig) != 0x0601) {
            return false;
        }
        if (
            _word(sig, ZT) >= Bls12381.ORDER || _word(sig, ZR) >= Bls12381.ORDER
                || _word(sig, ZU) >= Bls12381.ORDER
        ) return false;
        bytes memory transcript = Bls12381.take(TRANSCRIPT_BYTES);
        for (uint256 i = A; i <= T; ++i) {
            if (!_uncompress(sig, ys, i, _point(transcript, i))) return false;
        }
        bytes memory key = _readKey(keyData);
        if (!_putCommitments(transcript, sig, Point.wrap(_at(key, KEY_X)))) return false;

        // c = chal(SIGN, fp, msg32, A', Abar, E1, E2, T, K1, K2, K3, K4)
        assembly ("memory-safe") {
            mstore(add(transcript, 32), TAG)
            mstore(add(transcript, 64), mload(add(key, add(32, KEY_FINGERPRINT))))
            mstore(add(transcript, 96), msg32)
        }
        if (uint256(Bls12381.hash(transcript)) >> 64 != _word(sig, C) >> 64) return false;

        // e(A', R) = e(Abar, H)
        return
            Bls12381.isPairingOne(
                _point(transcript, A),
                _at(key, KEY_R),
                _point(transcript, ABAR),
                _at(Bls12381.MINUS_H, 0)
            );
    }

    // Computes K1 to K4. Every point of the signature is in one of these sums, which proves that it
    // is in the subgroup: else this is false. zu G is in two of them and computed once.
    function _putCommitments(bytes memory transcript, bytes calldata sig, Point x)
        private
        view
        returns (bool)
    {
        uint256 zr = _word(sig, ZR);
        uint256 zu = _word(sig, ZU);
        uint256 minusC = Bls12381.ORDER - (_word(sig, C) >> 64);
        Point a = _point(transcript, A);
        Point zuG = Bls12381.pointOf(Bls12381.take(128));
        Bls12381.pointOf(Bls12381.G).times(zu, zuG);
        bytes memory sum = Bls12381.newSum(3);

        // K1 = -zt A' + zr Q - c Abar + zu G
        sum.put(0, Bls12381.ORDER - _word(sig, ZT), a);
        sum.put(1, zr, Bls12381.pointOf(Q));
        sum.put(2, minusC, _point(transcript, ABAR));
        if (!sum.compute(3, _point(transcript, K1))) return false;
        _point(transcript, K1).add(zuG);

        // K2 = zr E1 - c U
        sum.put(0, zr, _point(transcript, E1));
        sum.put(1, minusC, Bls12381.pointOf(U));
        if (!sum.compute(2, _point(transcript, K2))) return false;

        // K3 = zr E2 - c X - zu G
        sum.put(0, zr, _point(transcript, E2));
        sum.put(1, minusC, x);
        if (!sum.compute(2, _point(transcript, K3))) return false;
        if (zu != 0) zuG.negate();
        _point(transcript, K3).add(zuG);

        // K4 = zr T - zu A'
        sum.put(0, zr, _point(transcript, T));
        sum.put(1, Bls12381.ORDER - zu, a);
        return sum.compute(2, _point(transcript, K4));
    }

    // Writes point i of a signature. False when y is not the one that the compressed form's sign
    // means, or the form is that of O. (0, 0) is O in EIP-2537, and no other point has y = 0.
    // Whether x and y are below p and on the curve, the precompiles will say.
    function _uncompress(bytes calldata sig, bytes calldata ys, uint256 i, Point point)
        private
        pure
        returns (bool)
    {
        unchecked {
            (uint256 xHigh, uint256 xLow) = _coordinate(sig, POINTS + 48 * i);
            (uint256 yHigh, uint256 yLow) = _coordinate(ys, 48 * i);
            // three flags: compressed, infinite, y in the upper half
            if (xHigh >> 125 != (Bls12381.isUpperHalf(yHigh, yLow) ? 5 : 4)) return false;
            if (yHigh | yLow == 0) return false;
            xHigh &= type(uint128).max >> 3;
            assembly ("memory-safe") {
                mstore(point, xHigh)
                mstore(add(point, 32), xLow)
                mstore(add(point, 64), yHigh)
                mstore(add(point, 96), yLow)
            }
            return true;
        }
    }

    // 48 bytes of data: the upper 16 and the lower 32
    function _coordinate(bytes calldata data, uint256 offset)
        private
        pure
        returns (uint256 high, uint256 low)
    {
        assembly ("memory-safe") {
            let where := add(data.offset, offset)
            high := shr(128, calldataload(where))
            low := calldataload(add(where, 16))
        }
    }

    function _readKey(address data) private view returns (bytes memory key) {
        key = Bls12381.take(KEY_DATA_BYTES);
        assembly ("memory-safe") {
            extcodecopy(data, add(key, 32), 0, KEY_DATA_BYTES)
        }
        // no other code begins so and is so long
        if (key[0] != 0 || data.code.length != KEY_DATA_BYTES) revert NotKeyData(data);
    }

    function _at(bytes memory data, uint256 offset) private pure returns (uint256 where) {
        assembly ("memory-safe") {
            where := add(add(data, 32), offset)
        }
    }

    function _point(bytes memory transcript, uint256 i) private pure returns (Point point) {
        assembly ("memory-safe") {
            point := add(add(transcript, 128), mul(i, 128))
        }
    }

    // 32 bytes of data from an offset on; the caller knows that there are so many
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
