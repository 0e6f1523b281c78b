//! Signatures: how long one takes, of each kind of key.
//!
//! The keys are those that specifications print as examples, so that nobody can take one for a
//! secret.

use bot4_engine::units::Nanos;
use bot4_engine::wire::sign::{BinanceKey, CoinbaseKey, KrakenKey, Resource};

use crate::{GaugeError, Reading, Setup, stopwatch};

pub(crate) const BINANCE_HMAC: &str = "sign_binance_hmac_ns";
pub(crate) const BINANCE_ED25519: &str = "sign_binance_ed25519_ns";
pub(crate) const KRAKEN: &str = "sign_kraken_ns";
pub(crate) const COINBASE_ES256: &str = "sign_coinbase_es256_ns";
pub(crate) const COINBASE_EDDSA: &str = "sign_coinbase_eddsa_ns";

/// Binance's documentation of signed endpoints.
const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
/// Kraken's guide to REST authentication.
const KRAKEN_SECRET: &str =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
/// RFC 8032, section 7.1, test 1: as PKCS #8, and its seed alone.
const ED25519: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
/// RFC 6979, section A.2.5, as SEC 1.
const P256: &str = "MDECAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49AwEH";
const NAME: &str = "organizations/example/apiKeys/example";

const BODY: &[u8] = b"symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=10000&\
    newClientOrderId=AAAAAAAAAAAAB";
const FORM: &[u8] = b"nonce=1616492376594&ordertype=market&pair=XBTUSD&type=buy&volume=1.25";
const RESOURCE: Resource<'static> =
    Resource { method: "POST", host: "api.coinbase.com", path: "/api/v3/brokerage/orders" };
const SECOND_NS: i64 = 1_000_000_000;
const FIRST_SECOND: i64 = 1_700_000_000;
const WINDOW_MS: u32 = 5_000;

/// A key, and room for what it signs.
#[derive(Debug)]
pub struct Signer {
    key: Key,
    out: Vec<u8>,
}

#[derive(Debug)]
enum Key {
    Binance(BinanceKey),
    Kraken(KrakenKey),
    Coinbase(CoinbaseKey),
}

impl Signer {
    fn new(key: Key) -> Self {
        Self { key, out: Vec::with_capacity(2_048) }
    }

    /// Binance's HMAC.
    pub fn binance_hmac() -> Result<Self, GaugeError> {
        Ok(Self::new(Key::Binance(BinanceKey::hmac(SECRET)?)))
    }

    /// Binance's Ed25519.
    pub fn binance_ed25519() -> Result<Self, GaugeError> {
        Ok(Self::new(Key::Binance(BinanceKey::ed25519(&pem("PRIVATE KEY", ED25519))?)))
    }

    /// Kraken's.
    pub fn kraken() -> Result<Self, GaugeError> {
        Ok(Self::new(Key::Kraken(KrakenKey::new(KRAKEN_SECRET)?)))
    }

    /// Coinbase's elliptic one.
    pub fn coinbase_es256() -> Result<Self, GaugeError> {
        Ok(Self::new(Key::Coinbase(CoinbaseKey::new(NAME, &pem("EC PRIVATE KEY", P256))?)))
    }

    /// Coinbase's Ed25519.
    pub fn coinbase_eddsa() -> Result<Self, GaugeError> {
        Ok(Self::new(Key::Coinbase(CoinbaseKey::new(NAME, SEED)?)))
    }

    /// What is measured: an order signed at such a second; the length of what is sent then, or
    /// nothing where the key did not sign.
    #[inline]
    pub fn sign(&mut self, second: i64) -> i64 {
        self.out.clear();
        let now = Nanos::new(second * SECOND_NS);
        match &self.key {
            Key::Binance(key) => {
                self.out.extend_from_slice(BODY);
                key.sign_rest(&mut self.out, now, Some(WINDOW_MS));
            }
            Key::Kraken(key) => {
                let nonce = u64::try_from(second).unwrap_or(0);
                key.sign("/0/private/AddOrder", nonce, FORM, &mut self.out);
            }
            Key::Coinbase(key) => {
                let [a, b, ..] = second.to_le_bytes();
                let nonce = [a ^ b ^ 0x5a; 32];
                if key.rest_token(&RESOURCE, now, &nonce, &mut self.out).is_err() {
                    return 0;
                }
            }
        }
        i64::try_from(self.out.len()).unwrap_or(0)
    }
}

impl Signer {
    /// What was signed last.
    #[must_use]
    pub fn signed(&self) -> &[u8] {
        &self.out
    }
}

/// A PEM block of that label. It is put together here, so that no block stands in the source.
fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// So many seconds to sign at.
#[must_use]
pub fn seconds(count: usize) -> Vec<i64> {
    (FIRST_SECOND..).take(count).collect()
}

pub(crate) fn binance_hmac(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    signed(setup, BINANCE_HMAC, 50_000, Signer::binance_hmac)
}

pub(crate) fn binance_ed25519(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    signed(setup, BINANCE_ED25519, 5_000, Signer::binance_ed25519)
}

pub(crate) fn kraken(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    signed(setup, KRAKEN, 50_000, Signer::kraken)
}

pub(crate) fn coinbase_es256(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    signed(setup, COINBASE_ES256, 1_000, Signer::coinbase_es256)
}

pub(crate) fn coinbase_eddsa(setup: &Setup<'_>) -> Result<Reading, GaugeError> {
    signed(setup, COINBASE_EDDSA, 5_000, Signer::coinbase_eddsa)
}

fn signed(
    setup: &Setup<'_>,
    key: &'static str,
    count: usize,
    signer: fn() -> Result<Signer, GaugeError>,
) -> Result<Reading, GaugeError> {
    let seconds = seconds(setup.few(count));
    if signer()?.sign(FIRST_SECOND) == 0 {
        return Err(GaugeError::Wrong { key, got: 0, wanted: 1 });
    }
    // A key cannot be copied: it is parsed anew for each run, before the clock runs.
    let step = |signer: &mut Option<Signer>, second: &i64| {
        signer.as_mut().map_or(0, |signer| signer.sign(*second))
    };
    let (mut reading, _) = stopwatch::time(setup, &seconds, || signer().ok(), step);
    reading.source = "an order, with a key that a specification prints as its example".to_owned();
    Ok(reading)
}
