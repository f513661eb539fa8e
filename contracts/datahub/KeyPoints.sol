// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381} from "./Bls12381.sol";

/// @title A group key's points: from the compressed object to what the precompiles want
/// @notice Compressed points are those of the group key object (48 bytes for G1, 96 for G2, x.c1
/// first); the others are as in EIP-2537 (64 bytes a field element, G2's c0 first).
library KeyPoints {
    /// @dev Whether points (X_G, X_R, R, 512 bytes) are those of the group key object (594 bytes).
    /// Says nothing about points that are on no curve: {sumOfShares} does.
    function matches(bytes calldata groupKey, bytes calldata points) internal pure returns (bool) {
        // header 2, R 96 (x.c1, x.c0), X_G 48, Y_G 96, c 24, three scalars; X_R 48 from byte 362 on
        return bytes2(groupKey) == 0x0602
            && _isCompressed(groupKey[98:146], points[0:64], _isUpperHalf(points[64:128]))
            && _isCompressed(groupKey[362:410], points[128:192], _isUpperHalf(points[192:256]))
            && _isCompressed(groupKey[2:50], points[320:384], _isUpperHalfOfTwo(points[384:512]))
            && keccak256(groupKey[50:98]) == keccak256(points[272:320]);
    }

    /// @dev X = X_G + X_R (128 bytes), not O. Before that, a pairing proves all three points to be
    /// on their curves and in the subgroups; none is infinity, for their compressed forms say so
    /// ({matches}).
    function sumOfShares(bytes calldata points) internal view returns (bool ok, bytes memory x) {
        bytes calldata r = points[256:512];
        bytes memory pairs = bytes.concat(points[0:128], r, points[128:256], r);
        x = new bytes(128);
        assembly ("memory-safe") {
            // 102,900 for two pairs, 375 for an addition; a precompile that fails burns all it has
            ok := staticcall(150000, 0x0f, add(pairs, 32), 768, 0, 0)
            ok := and(ok, eq(returndatasize(), 32))
            calldatacopy(add(pairs, 32), points.offset, 256)
            if ok {
                ok := staticcall(2000, 0x0b, add(pairs, 32), 256, add(x, 32), 128)
                ok := and(ok, eq(returndatasize(), 128))
            }
        }
        ok = ok && keccak256(x) != keccak256(new bytes(128));
    }

    // Whether compressed 48 bytes are the point with this EIP-2537 x (64 bytes) and this sign of y.
    function _isCompressed(bytes calldata compressed, bytes calldata x64, bool upperHalf)
        private
        pure
        returns (bool)
    {
        uint256 flags = uint8(compressed[0]) & 0xe0;
        uint256 high = uint256(uint128(bytes16(compressed))) & (type(uint128).max >> 3);
        return flags == (upperHalf ? 0xa0 : 0x80) && bytes32(high) == bytes32(x64)
            && bytes32(compressed[16:]) == bytes32(x64[32:]);
    }

    // Whether an EIP-2537 field element (64 bytes) is above (p - 1) / 2.
    function _isUpperHalf(bytes calldata y64) private pure returns (bool) {
        return Bls12381.isUpperHalf(uint256(bytes32(y64)), uint256(bytes32(y64[32:])));
    }

    // The same for an element c0, c1 of the quadratic extension: c1 decides, unless it is 0.
    function _isUpperHalfOfTwo(bytes calldata y128) private pure returns (bool) {
        bool zero = uint256(bytes32(y128[64:])) | uint256(bytes32(y128[96:])) == 0;
        return _isUpperHalf(zero ? y128[:64] : y128[64:]);
    }
}
