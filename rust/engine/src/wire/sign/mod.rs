//! Key, time and text → signature. Pure functions; what a key is and why it may not be one.
//!
//! A key is parsed once into the state that signing starts from, so that a signature allocates
//! next to nothing. Keys print nothing, cannot be copied, and are overwritten when dropped; no
//! error holds any part of one. Nothing here reads a clock or draws a nonce: both are given.

mod binance;
mod coinbase;
mod kraken;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use ed25519_dalek::{KEYPAIR_LENGTH, SECRET_KEY_LENGTH, SigningKey};
use zeroize::Zeroizing;

pub use binance::BinanceKey;
pub use coinbase::{CoinbaseKey, JWT_SECONDS, Resource};
pub use kraken::KrakenKey;

use super::digits::push_number;

/// Longest text that is taken for a key: an RSA key of 16,384 bits, which is refused by name, fits.
pub const KEY_TEXT_BYTES_MAX: usize = 16_384;

/// The object identifier of RSA (PKCS #1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// The object identifier of Ed25519 (RFC 8410).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The object identifier of elliptic curves (RFC 5480); the curve is a parameter of it.
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Why a text is not a key, or a request cannot be signed. Never holds any part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Nothing was given.
    #[error("the key is empty: set it where the venue's credentials are configured")]
    Empty,
    /// Longer than any key.
    #[error("the key is longer than {KEY_TEXT_BYTES_MAX} bytes: it is not a key")]
    TooLong,
    /// A character that cannot be in one.
    #[error("the secret holds something that is not printable ASCII: copy it again")]
    NotText,
    /// Not base64 where it has to be.
    #[error("the key is not base64: copy it again, whole")]
    NotBase64,
    /// Neither the beginning nor the end of a PEM block.
    #[error("the key is not a PEM block (-----BEGIN PRIVATE KEY-----): copy it whole")]
    NotPem,
    /// The PEM block holds something else, or less, than its label says.
    #[error("the PEM block does not hold the key that its label names: copy it again")]
    Damaged,
    /// A PEM block that is locked with a password.
    #[error("the key is encrypted: decrypt it first (openssl pkey -in key.pem)")]
    Encrypted,
    /// The half that the venue is given.
    #[error("this is the public key: the private one signs")]
    Public,
    /// RSA keys are not taken.
    #[error("RSA keys are not taken: create an Ed25519 key at the venue, which signs faster")]
    Rsa,
    /// Another algorithm than the venue verifies.
    #[error("the key is for another algorithm: this venue wants {0}")]
    Algorithm(&'static str),
    /// Neither a seed nor a pair of Ed25519 keys.
    #[error("an Ed25519 key has 32 or 64 bytes, this one has {0}")]
    Length(usize),
    /// A name of a key that a token cannot carry.
    #[error("the name of the key is empty, too long, or holds what JSON would have to escape")]
    Name,
    /// A method, host or path that a token cannot carry.
    #[error("the request's method, host or path is empty or holds what has to be escaped")]
    Request,
    /// The curve gave no signature.
    #[error("the key did not sign")]
    NotSigned,
}

/// The private key in a PEM block.
enum Private {
    Ed25519(Box<SigningKey>),
    P256(Box<p256::SecretKey>),
}

impl Private {
    /// Read a PEM block: PKCS #8, or SEC 1 for elliptic curves. Line ends may be written as `\n`,
    /// as they are in JSON files and environments, or missing.
    fn from_pem(text: &str) -> Result<Self, SignError> {
        bounded(text)?;
        let (label, body) = pem_block(text)?;
        let der = pem_bytes(body)?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(&der),
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(&der)
                .map(|key| Self::P256(Box::new(key)))
                .map_err(|_| SignError::Damaged),
            "RSA PRIVATE KEY" => Err(SignError::Rsa),
            "ENCRYPTED PRIVATE KEY" => Err(SignError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(SignError::Public),
            _ => Err(SignError::NotPem),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, SignError> {
        let key = PrivateKeyInfoRef::try_from(der).map_err(|_| SignError::Damaged)?;
        match key.algorithm.oid {
            ED25519 => SigningKey::try_from(key)
                .map(|key| Self::Ed25519(Box::new(key)))
                .map_err(|_| SignError::Damaged),
            ELLIPTIC => p256::SecretKey::try_from(key)
                .map(|key| Self::P256(Box::new(key)))
                .map_err(|_| SignError::Algorithm("Ed25519, or an elliptic curve over P-256")),
            RSA => Err(SignError::Rsa),
            _ => Err(SignError::Algorithm("Ed25519, or an elliptic curve over P-256")),
        }
    }
}

/// An Ed25519 key from the base64 of its seed, or of seed and public key.
fn ed25519_from_base64(text: &str) -> Result<SigningKey, SignError> {
    let bytes = secret_bytes(text)?;
    if let Ok(seed) = <&[u8; SECRET_KEY_LENGTH]>::try_from(bytes.as_slice()) {
        return Ok(SigningKey::from_bytes(seed));
    }
    let pair = <&[u8; KEYPAIR_LENGTH]>::try_from(bytes.as_slice())
        .map_err(|_| SignError::Length(bytes.len()))?;
    SigningKey::from_keypair_bytes(pair).map_err(|_| SignError::Damaged)
}

/// The bytes of a secret that a venue gives as base64.
fn secret_bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, SignError> {
    bounded(text)?;
    STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| SignError::NotBase64)
}

fn bounded(text: &str) -> Result<(), SignError> {
    if text.trim().is_empty() {
        Err(SignError::Empty)
    } else if text.len() > KEY_TEXT_BYTES_MAX {
        Err(SignError::TooLong)
    } else {
        Ok(())
    }
}

/// The label of a PEM block, and what stands between its first and its last line.
fn pem_block(text: &str) -> Result<(&str, &str), SignError> {
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(SignError::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(SignError::NotPem)?;
    let (body, rest) = rest.split_once("-----END ").ok_or(SignError::NotPem)?;
    let (end, _) = rest.split_once("-----").ok_or(SignError::NotPem)?;
    if label == end { Ok((label, body)) } else { Err(SignError::NotPem) }
}

fn pem_bytes(body: &str) -> Result<Zeroizing<Vec<u8>>, SignError> {
    let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut rest = body.bytes().peekable();
    while let Some(byte) = rest.next() {
        let escaped = byte == b'\\' && rest.next_if(|next| matches!(next, b'n' | b'r')).is_some();
        if !escaped && !byte.is_ascii_whitespace() && byte != b'=' {
            digits.push(byte);
        }
    }
    STANDARD_NO_PAD.decode(digits.as_slice()).map(Zeroizing::new).map_err(|_| SignError::NotBase64)
}

/// Whether text can stand in JSON and in a URL's authority and path as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}
