// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// A contract for the tests of src/chain: every ABI type the bindings know, events, and each way to
/// fail.
contract Probe {
    struct Inner {
        uint72 wide;
        string name;
        bytes4 tag;
    }
    struct Outer {
        uint8 small;
        uint24 odd;
        Inner[] inners;
        bytes32[] roots;
        uint16[3] triple;
        Inner one;
        uint64 long;
        bool yes;
        address payable who;
    }

    event Stored(bytes32 indexed root, bytes data, address indexed owner, uint32 version, Outer outer);
    event Counted(uint256 indexed number);
    event Touched();
    event Listed(address[] list);

    error Custom(uint256 given, address who, string why);
    error Structured(Inner inner, uint256[] numbers);

    address public immutable creator;
    uint256 public count;

    constructor(uint256 first) payable {
        creator = msg.sender;
        count = first;
    }

    function echo(Outer calldata outer, uint256[][] calldata grid, string[2] calldata pair, bytes calldata raw)
        external
        pure
        returns (Outer memory, uint256[][] memory numbers, string[2] memory, bytes memory)
    {
        return (outer, grid, pair, raw);
    }

    function word(bytes32 value) external pure returns (bytes32) {
        return value;
    }

    function store(bytes32 root, bytes calldata data, uint32 version, Outer calldata outer) external {
        emit Stored(root, data, msg.sender, version, outer);
    }

    function add(uint256 times) external payable {
        for (uint256 i = 0; i < times; i++) emit Counted(count++);
    }

    function add() external {
        emit Counted(count++);
        emit Touched();
    }

    function add(uint256 times, address[] calldata list) external {
        count += times;
        emit Listed(list);
    }

    function failCustom(uint256 given) external view {
        revert Custom(given, msg.sender, "not\ntoday");
    }

    function failStructured() external pure {
        uint256[] memory numbers = new uint256[](2);
        numbers[0] = 7;
        numbers[1] = type(uint256).max;
        revert Structured(Inner(9, "inner", 0x01020304), numbers);
    }

    function failText() external pure {
        revert("too late");
    }

    function failBare() external pure {
        assembly {
            revert(0, 0)
        }
    }

    function failPanic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function failUnlessSender(address allowed) external {
        require(msg.sender == allowed, "not allowed");
        count++;
    }

    function burn() external {
        while (true) count++;
    }
}
