// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @dev Where in memory the 128 bytes of a point of G1 are.
type Point is uint256;

/// @title BLS12-381 by the precompiles of EIP-2537
/// @notice A precompile that refuses its input and one that is not there, starved or priced higher
/// look the same to a caller. Here a refusal is a verdict only once the same call with good input of
/// the same size has succeeded; everything else reverts. Points are uncompressed, 64 bytes a field
/// element; O is all zeros.
library Bls12381 {
    /// @dev r, the order of the groups.
    uint256 internal constant ORDER =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    /// @dev The generator of G1, its negative, and the negative of G2's generator H.
    bytes internal constant G = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
        hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    bytes internal constant MINUS_G = hex"00000000000000000000000000000000"
        hex"17f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2"
        hex"67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";
    bytes internal constant MINUS_H = hex"00000000000000000000000000000000"
        hex"024aa2b2f08f0a91260805272dc51051"
        hex"c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65"
        hex"596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bc"
        hex"b679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d"
        hex"993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    // (p - 1) / 2 of the base field: upper 16 and lower 32 of its 48 bytes
    uint256 private constant HALF_P_HI = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LO =
        0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    // p
    uint256 private constant P_HI = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LO =
        0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    address private constant SHA256 = address(0x02);
    address private constant G1ADD = address(0x0b);
    address private constant G1MSM = address(0x0c);
    address private constant PAIRING = address(0x0f);

    // A product costs 12,000, less in a sum of many. What fails burns all it was given.
    uint256 private constant PRODUCT_GAS = 24_000;
    uint256 private constant PAIRING_OF_TWO_GAS = 102_900;
    uint256 private constant PAIR_BYTES = 160;

    /// @notice The chain lacks this precompile, or it does not do what it should for its price.
    error PrecompileUnusable(address precompile);
    /// @notice There may be enough gas for the caller, but not for a precompile.
    error TooLittleGas(uint256 left, uint256 needed);

    /// @dev Whether a coordinate (upper 16 and lower 32 of its 48 bytes) is above (p - 1) / 2.
    function isUpperHalf(uint256 high, uint256 low) internal pure returns (bool) {
        return high > HALF_P_HI || (high == HALF_P_HI && low > HALF_P_LO);
    }

    /// @dev The point that these bytes are.
    function pointOf(bytes memory data) internal pure returns (Point point) {
        assembly ("memory-safe") {
            point := add(data, 32)
        }
    }

    /// @dev Memory for so many bytes, not cleared: all of it is to be written before it is read.
    function take(uint256 size) internal pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, size)
            mstore(0x40, and(add(data, add(size, 63)), not(31)))
        }
    }

    /// @dev Room for a sum of up to n products.
    function newSum(uint256 n) internal pure returns (bytes memory pairs) {
        return take(n * PAIR_BYTES);
    }

    /// @dev Writes k P as the sum's product number i.
    function put(bytes memory pairs, uint256 i, uint256 k, Point p) internal pure {
        assembly ("memory-safe") {
            let pair := add(add(pairs, 32), mul(i, PAIR_BYTES))
            mcopy(pair, p, 128)
            mstore(add(pair, 128), k)
        }
    }

    /// @dev Computes the sum of the first n products. Not ok: some P is not canonical, not on the
    /// curve or not in the subgroup, whatever its k.
    function compute(bytes memory pairs, uint256 n, Point sum) internal view returns (bool ok) {
        ok = _computed(pairs, n, sum);
        if (!ok) requireSum(n);
    }

    /// @dev Reverts unless a sum of n products comes out right.
    function requireSum(uint256 n) internal view {
        // (r - n) G + G + … + G = -G
        bytes memory pairs = newSum(n);
        Point g = pointOf(G);
        for (uint256 i = 0; i < n; ++i) {
            put(pairs, i, i == 0 ? ORDER - n : 1, g);
        }
        bytes memory sum = new bytes(128);
        if (!_computed(pairs, n, pointOf(sum)) || keccak256(sum) != keccak256(MINUS_G)) {
            revert PrecompileUnusable(G1MSM);
        }
    }

    function _computed(bytes memory pairs, uint256 n, Point sum) private view returns (bool ok) {
        uint256 price = n * PRODUCT_GAS;
        _requireGas(price);
        (ok,) = _call(
            G1MSM, price, Point.unwrap(pointOf(pairs)), n * PAIR_BYTES, Point.unwrap(sum), 128
        );
    }

    /// @dev Computes k P, of a P that is known to be in the group: a failure is the chain's.
    function times(Point p, uint256 k, Point product) internal view {
        bytes memory pair = newSum(1);
        put(pair, 0, k, p);
        if (!_computed(pair, 1, product)) revert PrecompileUnusable(G1MSM);
    }

    /// @dev P := P + Q. Both are results of sums: a failure is the chain's.
    function add(Point p, Point q) internal view {
        bytes memory both = take(256);
        assembly ("memory-safe") {
            mcopy(add(both, 32), p, 128)
            mcopy(add(both, 160), q, 128)
        }
        (bool ok,) =
            _call(G1ADD, gasleft(), Point.unwrap(pointOf(both)), 256, Point.unwrap(p), 128);
        if (!ok) revert PrecompileUnusable(G1ADD);
    }

    /// @dev P := -P, of a P that is a result of a sum and not O.
    function negate(Point p) internal pure {
        assembly ("memory-safe") {
            let low := mload(add(p, 96))
            mstore(add(p, 64), sub(sub(P_HI, mload(add(p, 64))), lt(P_LO, low)))
            mstore(add(p, 96), sub(P_LO, low))
        }
    }

    /// @dev Whether e(P1, Q1) e(P2, Q2) = 1; q1 and q2 are where the 256 bytes of points of G2 are.
    /// All four are known to be in their groups: a failure is the chain's, so it may cost all gas.
    function isPairingOne(Point p1, uint256 q1, Point p2, uint256 q2)
        internal
        view
        returns (bool)
    {
        bytes memory pairs = take(768);
        assembly ("memory-safe") {
            mcopy(add(pairs, 32), p1, 128)
            mcopy(add(pairs, 160), q1, 256)
            mcopy(add(pairs, 416), p2, 128)
            mcopy(add(pairs, 544), q2, 256)
        }
        _requireGas(PAIRING_OF_TWO_GAS);
        (bool ok, bytes32 one) =
            _call(PAIRING, gasleft(), Point.unwrap(pointOf(pairs)), 768, 0, 32);
        if (!ok) revert PrecompileUnusable(PAIRING);
        return uint256(one) == 1;
    }

    /// @dev SHA-256. Unlike Solidity's own it notices when there is no such precompile.
    function hash(bytes memory data) internal view returns (bytes32) {
        (bool ok, bytes32 digest) =
            _call(SHA256, gasleft(), Point.unwrap(pointOf(data)), data.length, 0, 32);
        if (!ok) revert PrecompileUnusable(SHA256);
        return digest;
    }

    /// @dev Reverts unless the precompiles do what the functions above rely on.
    function requirePrecompiles() internal view {
        bytes32 abc = 0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad;
        if (hash("abc") != abc) revert PrecompileUnusable(SHA256);
        for (uint256 n = 1; n <= 3; ++n) {
            requireSum(n);
        }
        Point g = pointOf(G);
        _requireAddition(g);
        // (0, 2) is on the curve, of order 3
        bytes memory outside = new bytes(128);
        outside[127] = 0x02;
        bytes memory pairs = newSum(2);
        put(pairs, 0, 1, g);
        for (uint256 k = 0; k < 2; ++k) {
            put(pairs, 1, k, pointOf(outside));
            if (compute(pairs, 2, pointOf(new bytes(128)))) revert PrecompileUnusable(G1MSM);
        }
        Point h = pointOf(MINUS_H);
        if (
            !isPairingOne(g, Point.unwrap(h), pointOf(MINUS_G), Point.unwrap(h))
                || isPairingOne(g, Point.unwrap(h), g, Point.unwrap(h))
        ) revert PrecompileUnusable(PAIRING);
    }

    // 2 G - 3 G = -G, and G - G = O
    function _requireAddition(Point g) private view {
        bytes memory two = new bytes(128);
        bytes memory three = new bytes(128);
        times(g, 2, pointOf(two));
        times(g, 3, pointOf(three));
        negate(pointOf(three));
        add(pointOf(two), pointOf(three));
        if (keccak256(two) != keccak256(MINUS_G)) revert PrecompileUnusable(G1ADD);
        add(pointOf(two), g);
        if (keccak256(two) != keccak256(new bytes(128))) revert PrecompileUnusable(G1ADD);
    }

    // Reverts unless the next call of a precompile can have this much. Addition and SHA-256 do
    // without: too little for them leaves a 64th of a few hundred, enough for nothing but running
    // out of gas.
    function _requireGas(uint256 price) private view {
        // a 64th stays behind (EIP-150); 1,000 for the way to the call
        uint256 needed = price + price / 63 + 1_000;
        if (gasleft() < needed) revert TooLittleGas(gasleft(), needed);
    }

    // Calls a precompile with at most so much gas. Its output, of just that size, goes to `out`.
    function _call(
        address precompile,
        uint256 most,
        uint256 input,
        uint256 inputSize,
        uint256 out,
        uint256 size
    ) private view returns (bool ok, bytes32 first) {
        assembly ("memory-safe") {
            ok := staticcall(most, precompile, input, inputSize, out, size)
            size := sub(size, returndatasize())
            first := mload(out)
        }
        if (ok && size != 0) revert PrecompileUnusable(precompile);
    }
}
