//! A gzip file that is small until it is unpacked.

use bytes::{BufMut, Bytes, BytesMut};

/// Head of a gzip member (RFC 1952): deflate, no name, no time.
const MEMBER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A block of deflate (RFC 1951) that says "a space, and then what stands one byte before, 258
/// times", in two bits: its code lengths, and the first of those bits.
const BLOCK: [u8; 17] = [
    0xec, 0xc1, 0x31, 0x01, 0, 0, 0, 0xc2, 0xa0, 0x2a, 0xeb, 0x9f, 0xd2, 0x10, 0xbe, 0x40, 0x01,
];

/// The rest of those bits, all of them zero.
const REPEATS: usize = 1015;

/// The end of the block, on the boundary of a byte.
const BLOCK_END: [u8; 6] = [0x7c, 0x06, 0, 0, 0xff, 0xff];

/// What one block unpacks to, in bytes.
const BLOCK_LENGTH: u32 = 1 << 20;

/// How many blocks there are: 1 GiB.
const BLOCKS: u32 = 1 << 10;

/// An empty block, the last one.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// CRC-32 of 1 GiB of spaces.
const CHECKSUM: u32 = 0x9ac4_7fa6;

/// One megabyte that unpacks to 1 GiB of spaces.
pub(super) fn gzip() -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_slice(&MEMBER);
    for _ in 0..BLOCKS {
        bytes.put_slice(&BLOCK);
        bytes.put_bytes(0, REPEATS);
        bytes.put_slice(&BLOCK_END);
    }
    bytes.put_slice(&LAST_BLOCK);
    bytes.put_u32_le(CHECKSUM);
    bytes.put_u32_le(BLOCKS * BLOCK_LENGTH);
    bytes.freeze()
}
