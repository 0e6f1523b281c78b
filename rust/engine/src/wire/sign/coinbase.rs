//! Coinbase: a JSON web token for each REST request and each WebSocket subscription.
//!
//! ES256 (raw r‖s, by RFC 6979) for elliptic keys, EdDSA for Ed25519 keys.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use p256::ecdsa;

use super::{Private, SignError, bounded, ed25519_from_base64, is_plain, push_number};
use crate::units::Nanos;

/// How long a token is good for, in seconds: the most that Coinbase takes.
pub const JWT_SECONDS: u64 = 120;
/// Longest name of a key, in bytes.
const NAME_BYTES_MAX: usize = 256;

/// What a REST token is for: it opens this one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// `api.coinbase.com`.
    pub host: &'a str,
    /// `/api/v3/brokerage/orders`; a query is not signed and is left off.
    pub path: &'a str,
}

/// A key of Coinbase with its name, ready to sign.
pub struct CoinbaseKey {
    name: String,
    scheme: Scheme,
}

enum Scheme {
    Es256(Box<ecdsa::SigningKey>),
    EdDsa(Box<SigningKey>),
}

impl fmt::Debug for CoinbaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CoinbaseKey")
    }
}

impl CoinbaseKey {
    /// The key called `name` (`organizations/…/apiKeys/…`): a PEM block (SEC 1 or PKCS #8), or
    /// the base64 of an Ed25519 seed (32 bytes) or pair (64).
    pub fn new(name: &str, secret: &str) -> Result<Self, SignError> {
        bounded(secret)?;
        if !is_plain(name) || name.len() > NAME_BYTES_MAX {
            return Err(SignError::Name);
        }
        let scheme = if secret.contains("-----BEGIN ") {
            match Private::from_pem(secret)? {
                Private::P256(key) => Scheme::Es256(Box::new(ecdsa::SigningKey::from(*key))),
                Private::Ed25519(key) => Scheme::EdDsa(key),
            }
        } else {
            Scheme::EdDsa(Box::new(ed25519_from_base64(secret)?))
        };
        Ok(Self { name: name.to_owned(), scheme })
    }

    /// Append the token for a REST request.
    pub fn rest_token(
        &self,
        resource: &Resource<'_>,
        now: Nanos,
        nonce: &[u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<(), SignError> {
        let Resource { method, host, path } = *resource;
        if ![method, host, path].into_iter().all(is_plain) {
            return Err(SignError::Request);
        }
        self.token(Some(resource), now, nonce, out)
    }

    /// Append the token for a WebSocket subscription, which names no request.
    pub fn ws_token(
        &self,
        now: Nanos,
        nonce: &[u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<(), SignError> {
        self.token(None, now, nonce, out)
    }

    fn token(
        &self,
        resource: Option<&Resource<'_>>,
        now: Nanos,
        nonce: &[u8; 32],
        out: &mut Vec<u8>,
    ) -> Result<(), SignError> {
        let mut token = String::with_capacity(1_024);
        let mut json = Vec::with_capacity(512);
        self.push_header(&mut json, nonce);
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        token.push('.');
        json.clear();
        self.push_claims(&mut json, resource, now);
        URL_SAFE_NO_PAD.encode_string(&json, &mut token);
        let signature = match &self.scheme {
            Scheme::EdDsa(key) => key.sign(token.as_bytes()).to_bytes(),
            Scheme::Es256(key) => {
                let signed: Result<ecdsa::Signature, _> = key.try_sign(token.as_bytes());
                signed.map_err(|_| SignError::NotSigned)?.to_bytes().into()
            }
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        out.extend_from_slice(token.as_bytes());
        Ok(())
    }

    fn push_header(&self, json: &mut Vec<u8>, nonce: &[u8; 32]) {
        let algorithm = match self.scheme {
            Scheme::Es256(_) => "ES256",
            Scheme::EdDsa(_) => "EdDSA",
        };
        push_all(json, &["{\"alg\":\"", algorithm, "\",\"kid\":\"", &self.name]);
        push_all(json, &["\",\"nonce\":\""]);
        super::push_hex(json, nonce);
        push_all(json, &["\",\"typ\":\"JWT\"}"]);
    }

    fn push_claims(&self, json: &mut Vec<u8>, resource: Option<&Resource<'_>>, now: Nanos) {
        let seconds = u64::try_from(now.mantissa() / 1_000_000_000).unwrap_or(0);
        push_all(json, &["{\"sub\":\"", &self.name, "\",\"iss\":\"cdp\",\"nbf\":"]);
        push_number(json, seconds);
        push_all(json, &[",\"exp\":"]);
        push_number(json, seconds.saturating_add(JWT_SECONDS));
        if let Some(Resource { method, host, path }) = resource {
            let path = path.split_once('?').map_or(*path, |(path, _)| path);
            push_all(json, &[",\"uri\":\"", method, " ", host, path, "\""]);
        }
        json.push(b'}');
    }
}

fn push_all(out: &mut Vec<u8>, parts: &[&str]) {
    parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
}
