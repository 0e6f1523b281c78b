//! Kraken: `API-Sign`, the HMAC-SHA512 over the path and a hash of nonce and body, in base64.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};

use super::{SignError, push_number, secret_bytes};

/// A key of Kraken, ready to sign.
pub struct KrakenKey(Box<Hmac<Sha512>>);

impl fmt::Debug for KrakenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KrakenKey")
    }
}

impl KrakenKey {
    /// The private key as Kraken shows it: base64.
    pub fn new(secret: &str) -> Result<Self, SignError> {
        let secret = secret_bytes(secret)?;
        Hmac::new_from_slice(&secret)
            .map(|keyed| Self(Box::new(keyed)))
            .map_err(|_| SignError::NotBase64)
    }

    /// Append the value of the header `API-Sign`. `path` starts with `/0/private/`; `body` is the
    /// text that is sent, form or JSON, and states the same nonce.
    pub fn sign(&self, path: &str, nonce: u64, body: &[u8], out: &mut Vec<u8>) {
        let mut digits = Vec::with_capacity(20);
        push_number(&mut digits, nonce);
        let hash = Sha256::new().chain_update(&digits).chain_update(body).finalize();
        let keyed = self.0.as_ref().clone().chain_update(path.as_bytes()).chain_update(hash);
        let mut base64 = [b'='; 88];
        // It fits: 64 bytes are 88 digits.
        let _ = STANDARD.encode_slice(keyed.finalize().into_bytes(), &mut base64);
        out.extend_from_slice(&base64);
    }
}
