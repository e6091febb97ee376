//! A secret in the digits of another number system, as who repeats it may write it.

/// A shorter secret is, in other digits, what a text may hold by chance.
const SHORTEST: usize = 8;

/// The digits of base64, and of base64 for URLs (RFC 4648).
const BASE_64: [&[u8]; 2] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
];

const HEXADECIMAL: [&[u8]; 2] = [b"0123456789ABCDEF", b"0123456789abcdef"];

/// The secret as it is, in hexadecimal, and in base64 behind any other bytes, as in `Authorization: Basic`.
pub(super) fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut spellings = vec![secret.to_vec()];
    if secret.len() >= SHORTEST {
        spellings.extend(HEXADECIMAL.map(|digits| digits_of(secret, 0, 4, digits)));
        for bits_before in [0, 8, 16] {
            spellings.extend(BASE_64.map(|digits| digits_of(secret, bits_before, 6, digits)));
        }
        spellings.sort_unstable();
        spellings.dedup();
    }
    spellings
}

/// The digits, of so many bits each, that are the same whatever stands before and behind the secret.
fn digits_of(secret: &[u8], bits_before: usize, bits: usize, digits: &[u8]) -> Vec<u8> {
    let bit = |at: usize| secret[at / 8] >> (7 - at % 8) & 1;
    let first = bits_before.div_ceil(bits);
    let end = (bits_before + secret.len() * 8) / bits;
    let number = |place: usize| {
        let at = place * bits - bits_before;
        (at..at + bits).fold(0, |number, at| number << 1 | usize::from(bit(at)))
    };
    (first..end).map(|place| digits[number(place)]).collect()
}
