// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Signs as one member of the group: CPY06-G1, as its paper has it. Points are uncompressed,
/// 128 bytes.
contract GroupSigner {
    struct Key {
        bytes32 fingerprint;
        bytes groupX; // X
        bytes q;
        bytes u;
        bytes a; // the membership (A, t), and the member's secret x
        uint256 t;
        uint256 x;
    }

    uint256 private constant ORDER =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes private constant G = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
        hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    uint256 private constant HALF_P_HI = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_P_LO =
        0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    Key private _key;

    constructor(Key memory key) {
        _key = key;
    }

    /// @notice The signature and the y coordinates of its points; the nonces follow from the message.
    function sign(bytes32 msg32) external view returns (bytes memory sig, bytes memory ys) {
        Key memory key = _key;
        uint256[4] memory n; // r, bt, br, bu
        for (uint256 i = 0; i < 4; ++i) {
            n[i] = uint256(keccak256(abi.encode(key.x, msg32, i))) % ORDER;
        }
        (bytes[5] memory p, uint256 secret) = _points(key, n[0]);
        bytes memory transcript = bytes.concat(key.fingerprint, msg32);
        for (uint256 i = 0; i < 5; ++i) {
            transcript = bytes.concat(transcript, p[i]);
        }
        transcript = bytes.concat(transcript, _commitments(key, p, n));
        // c is the hash's first 24 bytes
        uint256 c =
            uint256(sha256(bytes.concat(sha256("GALEN-CPY06-G1-V1-SIGN"), transcript))) >> 64;

        sig = hex"0601";
        for (uint256 i = 0; i < 5; ++i) {
            sig = bytes.concat(sig, _compressed(p[i]));
            ys = bytes.concat(ys, _slice(p[i], 80));
        }
        sig = bytes.concat(
            sig,
            bytes24(uint192(c)),
            bytes32(addmod(n[1], mulmod(c, key.t, ORDER), ORDER)),
            bytes32(addmod(n[2], mulmod(c, n[0], ORDER), ORDER)),
            bytes32(addmod(n[3], mulmod(c, secret, ORDER), ORDER))
        );
    }

    // A' = rA, Abar = -tA' + rQ + uG, E1 = sU, E2 = xG + sX, T = xA' with u = rx, s = 1/r
    function _points(Key memory key, uint256 r)
        private
        view
        returns (bytes[5] memory p, uint256 secret)
    {
        secret = mulmod(r, key.x, ORDER);
        uint256 s = _inverse(r);
        p[0] = _mul(key.a, r);
        p[1] = _sum(
            bytes.concat(_product(p[0], ORDER - key.t), _product(key.q, r), _product(G, secret))
        );
        p[2] = _mul(key.u, s);
        p[3] = _sum(bytes.concat(_product(G, key.x), _product(key.groupX, s)));
        p[4] = _mul(p[0], key.x);
    }

    // K1 = -bt A' + br Q + bu G, K2 = br E1, K3 = br E2 - bu G, K4 = br T - bu A'
    function _commitments(Key memory key, bytes[5] memory p, uint256[4] memory n)
        private
        view
        returns (bytes memory)
    {
        uint256 minusBu = ORDER - n[3];
        return bytes.concat(
            _sum(
                bytes.concat(
                    _product(p[0], ORDER - n[1]), _product(key.q, n[2]), _product(G, n[3])
                )
            ),
            _mul(p[2], n[2]),
            _sum(bytes.concat(_product(p[3], n[2]), _product(G, minusBu))),
            _sum(bytes.concat(_product(p[4], n[2]), _product(p[0], minusBu)))
        );
    }

    function _product(bytes memory p, uint256 k) private pure returns (bytes memory) {
        return bytes.concat(p, bytes32(k));
    }

    function _mul(bytes memory p, uint256 k) private view returns (bytes memory) {
        return _sum(_product(p, k));
    }

    function _sum(bytes memory products) private view returns (bytes memory sum) {
        bool ok;
        (ok, sum) = address(0x0c).staticcall(products);
        require(ok && sum.length == 128);
    }

    function _inverse(uint256 k) private view returns (uint256) {
        (, bytes memory out) =
            address(0x05).staticcall(abi.encode(32, 32, 32, k, ORDER - 2, ORDER));
        return abi.decode(out, (uint256));
    }

    function _compressed(bytes memory p) private pure returns (bytes memory x) {
        (uint256 high, uint256 low) = (_word(p, 64), _word(p, 96));
        bool upper = high > HALF_P_HI || (high == HALF_P_HI && low > HALF_P_LO);
        x = _slice(p, 16);
        x[0] |= upper ? bytes1(0xa0) : bytes1(0x80);
    }

    // 48 bytes
    function _slice(bytes memory p, uint256 from) private pure returns (bytes memory) {
        return bytes.concat(bytes32(_word(p, from)), bytes16(bytes32(_word(p, from + 32))));
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }
}
