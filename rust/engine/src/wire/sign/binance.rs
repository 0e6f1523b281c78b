//! Binance: HMAC-SHA256 in hex, or Ed25519 in base64, over the parameters of a request.
//!
//! REST signs what is sent, percent-encoded, query before body and nothing between them; the
//! WebSocket API signs the parameters sorted by name, as they are.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{Private, SignError, bounded, push_hex, push_number};
use crate::units::Nanos;
use crate::wire::digits::push_percent_encoded;

/// A key of Binance, ready to sign.
pub struct BinanceKey(Scheme);

enum Scheme {
    /// The states after the inner and the outer key, from which every signature starts.
    Hmac(Box<Hmac<Sha256>>),
    Ed25519(Box<SigningKey>),
}

impl fmt::Debug for BinanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BinanceKey")
    }
}

impl BinanceKey {
    /// A key that Binance calls HMAC: the secret as it was shown once.
    pub fn hmac(secret: &str) -> Result<Self, SignError> {
        bounded(secret)?;
        let secret = secret.trim();
        if secret.starts_with("-----BEGIN ") {
            return Err(SignError::Algorithm("the plain secret for HMAC; a PEM block is Ed25519"));
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SignError::NotText);
        }
        Hmac::new_from_slice(secret.as_bytes())
            .map(|keyed| Self(Scheme::Hmac(Box::new(keyed))))
            .map_err(|_| SignError::NotText)
    }

    /// An Ed25519 key in a PEM block (PKCS #8). RSA keys are refused.
    pub fn ed25519(pem: &str) -> Result<Self, SignError> {
        match Private::from_pem(pem)? {
            Private::Ed25519(key) => Ok(Self(Scheme::Ed25519(key))),
            Private::P256(_) => Err(SignError::Algorithm("Ed25519")),
        }
    }

    /// Append the signature of a payload as the WebSocket API takes it: hex or plain base64.
    pub fn sign(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.sign_parts(&[payload], out);
    }

    /// Append the signature of a REST request whose query and body are signed as one text.
    /// Base64 is not percent-encoded here.
    pub fn sign_query_and_body(&self, query: &[u8], body: &[u8], out: &mut Vec<u8>) {
        self.sign_parts(&[query, body], out);
    }

    /// Sign a REST request whose parameters, percent-encoded, are all in `params`: append
    /// `recvWindow` where it is given, `timestamp` and `signature`, percent-encoded.
    pub fn sign_rest(&self, params: &mut Vec<u8>, now: Nanos, recv_window_ms: Option<u32>) {
        if let Some(window) = recv_window_ms {
            push_name(params, b"recvWindow=");
            push_number(params, u64::from(window));
        }
        push_name(params, b"timestamp=");
        push_number(params, milliseconds(now));
        // The text signed ends before the name of the signature.
        match &self.0 {
            Scheme::Hmac(keyed) => {
                let keyed = keyed.as_ref().clone().chain_update(&params);
                params.extend_from_slice(b"&signature=");
                push_hex(params, &keyed.finalize().into_bytes());
            }
            Scheme::Ed25519(key) => {
                let base64 = base64_of(&key.sign(params).to_bytes());
                params.extend_from_slice(b"&signature=");
                push_percent_encoded(params, &base64);
            }
        }
    }

    /// Append the signature of a WebSocket API request to `out`; sorts `params` by name, which
    /// must hold `apiKey` and `timestamp` and no `signature`.
    pub fn sign_ws(&self, params: &mut [(&str, &str)], out: &mut Vec<u8>) {
        params.sort_unstable_by_key(|(name, _)| *name);
        let mut payload = Vec::with_capacity(512);
        for (name, value) in params.iter() {
            if !payload.is_empty() {
                payload.push(b'&');
            }
            payload.extend_from_slice(name.as_bytes());
            payload.push(b'=');
            payload.extend_from_slice(value.as_bytes());
        }
        self.sign(&payload, out);
    }

    fn sign_parts(&self, parts: &[&[u8]], out: &mut Vec<u8>) {
        match &self.0 {
            Scheme::Hmac(keyed) => {
                let mut keyed = keyed.as_ref().clone();
                parts.iter().for_each(|part| keyed.update(part));
                push_hex(out, &keyed.finalize().into_bytes());
            }
            // Ed25519 reads its message twice: it has to lie in one piece.
            Scheme::Ed25519(key) => {
                let signature = match parts {
                    [one] => key.sign(one),
                    many => key.sign(&many.concat()),
                };
                out.extend_from_slice(&base64_of(&signature.to_bytes()));
            }
        }
    }
}

/// The base64 of a signature of 64 bytes, which always has 88 digits.
fn base64_of(signature: &[u8; 64]) -> [u8; 88] {
    let mut digits = [b'='; 88];
    // It fits: 64 bytes are 88 digits.
    let _ = STANDARD.encode_slice(signature, &mut digits);
    digits
}

fn push_name(params: &mut Vec<u8>, name: &[u8]) {
    if !params.is_empty() {
        params.push(b'&');
    }
    params.extend_from_slice(name);
}

/// Whole milliseconds since 1970; a time before that is signed as 0, which the venue refuses.
fn milliseconds(now: Nanos) -> u64 {
    u64::try_from(now.mantissa() / 1_000_000).unwrap_or(0)
}
