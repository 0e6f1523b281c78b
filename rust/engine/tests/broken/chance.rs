//! Seeded numbers, and how a message is broken by them.

/// Seeded numbers.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// A number from 0 up to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }

    /// Break a message, with pieces of `others` among what is put in.
    pub(crate) fn mutate(&mut self, frame: &mut Vec<u8>, others: &[Vec<u8>]) {
        const PIECES: [&[u8]; 15] = [
            b"{",
            b"}",
            b"[",
            b"]",
            b"\"",
            b",",
            b":",
            b" ",
            b"\\u0000",
            b"-1e9",
            b"1e-9",
            b"null",
            b"99999999999",
            b"\"data\":[",
            b"\"u\":5,",
        ];
        for _ in 0..=self.below(3) {
            let (at, length) = (self.below(frame.len()), self.below(9));
            let end = (at + length).min(frame.len());
            match self.below(7) {
                0 if !frame.is_empty() => frame[at] = u8::try_from(self.below(256)).unwrap(),
                1 if !frame.is_empty() => frame[at] ^= 1 << self.below(8),
                2 => drop(frame.drain(at..end)),
                3 => drop(frame.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                4 => frame.truncate(at),
                5 => {
                    let copy = frame[at..end].to_vec();
                    frame.splice(at..at, copy);
                }
                _ => {
                    let other = &others[self.below(others.len())];
                    let from = self.below(other.len());
                    let piece = &other[from..(from + length).min(other.len())];
                    frame.splice(at..end, piece.iter().copied());
                }
            }
        }
    }
}
