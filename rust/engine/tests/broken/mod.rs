//! Messages broken by chance, seeded: whoever decodes them must not panic, and an error must leave
//! everything as it was. `BOT4_FUZZ_FRAMES` says how many are tried, `BOT4_FUZZ_SEED` which.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::disallowed_methods, reason = "a long fuzz is asked for by the environment")]
#![allow(clippy::print_stdout, reason = "a test says its seed")]

use bot4_engine::event::Event;
use bot4_engine::units::Nanos;
use bot4_engine::wire::{Decoder, Heard, WireError};
use serde::de::IgnoredAny;

pub(crate) const NOW: Nanos = Nanos::new(1_000);

/// What a decoder says of a message, and what it tells.
pub(crate) fn hear(decoder: &mut Decoder, frame: &[u8]) -> (Result<Heard, WireError>, Vec<Event>) {
    let mut told = Vec::new();
    let heard = decoder.on_frame(frame, NOW, &mut |event| told.push(*event));
    (heard, told)
}

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

    fn mutate(&mut self, frame: &mut Vec<u8>, others: &[Vec<u8>]) {
        const PIECES: [&[u8]; 14] = [
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

/// Break messages of `corpus` and let `start` hear them. Whatever is refused must change nothing:
/// `probe` must be answered as before. What is no JSON must be refused.
pub(crate) fn break_messages(start: &Decoder, corpus: &[Vec<u8>], probe: &[u8]) {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (frames, seed) = (number("BOT4_FUZZ_FRAMES", 20_000), number("BOT4_FUZZ_SEED", 4));
    println!("{frames} broken messages from seed {seed}");
    let (mut chance, mut decoder, mut refused) = (Chance(seed), start.clone(), 0_u64);
    for count in 0..frames {
        if count % 4 == 0 {
            decoder = start.clone();
        }
        let mut frame = corpus[chance.below(corpus.len())].clone();
        chance.mutate(&mut frame, corpus);
        let before = decoder.clone();
        let (heard, told) = hear(&mut decoder, &frame);
        let shown = String::from_utf8_lossy(&frame);
        // Behind a space every message takes the long way, and says the same.
        let spaced = hear(&mut before.clone(), &[b" ", frame.as_slice()].concat());
        let kind = |heard: &Result<Heard, WireError>| heard.clone().map_err(|error| error.kind);
        assert_eq!((kind(&spaced.0), &spaced.1), (kind(&heard), &told), "{shown}");
        if let Err(error) = heard {
            refused += 1;
            assert!(error.offset <= frame.len() && told.is_empty(), "{error}: {shown}");
            let (mut after, mut before) = (decoder.clone(), before);
            assert_eq!(hear(&mut after, probe), hear(&mut before, probe), "{error}: {shown}");
        } else {
            let json = serde_json::from_slice::<IgnoredAny>(&frame);
            assert!(json.is_ok(), "{heard:?}, and it is no JSON: {shown}");
        }
    }
    assert!(refused > frames / 3, "{refused} of {frames} were refused");
}
