//! Messages broken by chance, seeded: whoever decodes them must not panic, and an error must leave
//! everything as it was. `BOT4_FUZZ_FRAMES` says how many are tried, `BOT4_FUZZ_SEED` which.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]
#![allow(clippy::disallowed_methods, reason = "a long fuzz is asked for by the environment")]
#![allow(clippy::print_stdout, reason = "a test says its seed")]

use bot4_engine::event::Event;
use bot4_engine::units::Nanos;
use bot4_engine::wire::{Decoder, Heard, WireError};
use serde::de::IgnoredAny;

mod chance;

pub(crate) use chance::Chance;

pub(crate) const NOW: Nanos = Nanos::new(1_000);

/// What a decoder says of a message, and what it tells.
pub(crate) fn hear(decoder: &mut Decoder, frame: &[u8]) -> (Result<Heard, WireError>, Vec<Event>) {
    let mut told = Vec::new();
    let heard = decoder.on_frame(frame, NOW, &mut |event| told.push(*event));
    (heard, told)
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
